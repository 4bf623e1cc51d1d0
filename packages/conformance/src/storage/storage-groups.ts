import { clockCases } from './cases/clock-cases.js';
import { compositionCases } from './cases/composition-cases.js';
import { counterCases } from './cases/counter-cases.js';
import { createCases } from './cases/create-cases.js';
import { hangCases } from './cases/hang-cases.js';
import { keyCases } from './cases/key-cases.js';
import { listCases } from './cases/list-cases.js';
import { modelCases } from './cases/model-cases.js';
import { outageCases } from './cases/outage-cases.js';
import { readCases } from './cases/read-cases.js';
import { removeCases } from './cases/remove-cases.js';
import { touchCases } from './cases/touch-cases.js';
import { updateCases } from './cases/update-cases.js';
import type { StorageCase } from './storage-case.js';

/** Every case, by what it is about. */
export const storageGroups: Readonly<Record<string, readonly StorageCase[]>> = {
  create: createCases,
  get: readCases,
  update: updateCases,
  touch: touchCases,
  'take, delete, deleteWhere': removeCases,
  'list, scan, deleteExpired': listCases,
  keys: keyCases,
  counters: counterCases,
  'modify, withLease, cached': compositionCases,
  'several clocks': clockCases,
  'outages and facts': outageCases,
  'a backend that does not answer': hangCases,
  'the model': modelCases,
};
