// Every run of a property sees the same examples, or a mutant would be killed on one day and not on the next.
import fc from 'fast-check';
import { propertyRuns } from './declared.mjs';

fc.configureGlobal({ seed: 1, numRuns: propertyRuns, endOnFailure: true });
