import fc from 'fast-check';
import type { StorageCase } from '../storage-case.js';
import { storageCommands } from '../storage-commands.js';
import { createStorageModel } from '../storage-model.js';

/** Everything at once, in an order that nobody thought of. */
export const modelCases: readonly StorageCase[] = [
  {
    id: 'model.agrees',
    title: 'answers every sequence of calls as the plainest model of the contract does',
    async run(context) {
      await fc.assert(
        fc.asyncProperty(storageCommands, async (commands) => {
          const prefix = `${context.unique()}:`;
          await fc.asyncModelRun(() => ({ model: createStorageModel(), real: { ...context, prefix } }), commands);
        }),
        { numRuns: context.scale.modelRuns },
      );
    },
  },
];
