import type { Command } from '../command.js';
import { check } from './check.js';
import { doctor } from './doctor.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { importKeys } from './import-keys.js';
import { keysCreate } from './keys-create.js';
import { keysList } from './keys-list.js';
import { keysRevoke } from './keys-revoke.js';
import { keysRotate } from './keys-rotate.js';
import { migrate } from './migrate.js';
import { sessionsList } from './sessions-list.js';
import { sessionsRevoke } from './sessions-revoke.js';
import { sweep } from './sweep.js';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  migrate,
  check,
  doctor,
  keysCreate,
  keysList,
  keysRotate,
  keysRevoke,
  importKeys,
  sessionsList,
  sessionsRevoke,
  sweep,
  exportCommand,
  importCommand,
];
