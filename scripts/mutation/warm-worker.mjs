// The kept thread: at each run it forgets which mutant was active, so that modules are not evaluated under the last one.
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';

// First: a listener of ours would let messages in before vitest listens.
await import(pathToFileURL(process.env.VITEST_THREADS_ENTRY).href);
parentPort.on('message', ({ type }) => {
  if (type === 'run') delete globalThis.__stryker__;
});
