// What `npm run mutation` mutates, and what it leaves out and why.

/** In the order in which they run when none is named. */
export const packages = ['session', 'api-key', 'jwt', 'core'];

/** Every package is to have at least this share of its mutants noticed, in percent. */
export const threshold = 85;

export const leftOutMutators = [
  {
    name: 'StringLiteral',
    reason:
      'Most strings are what an error, an event or an option says in words. A test of each would be a copy of the text.',
  },
];

/** Left out by title: each takes longer than a hundred of the others, which look at the same code. */
export const leftOutTests = [
  {
    package: 'jwt',
    title: 'refuses no valid token while keys rotate every second under load on several replicas',
    reason: 'minutes of rotation; the schedule it runs on is covered by the tests of planKeys',
  },
];

/** How often a property is tried at most: a mutant that none of these finds is one that a test must name. */
export const propertyRuns = 20;
