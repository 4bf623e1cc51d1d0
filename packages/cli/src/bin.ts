#!/usr/bin/env node
import { run } from './run.js';

// A reader that has seen enough closes the pipe: nobody is left to tell.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => process.exit(1));

const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: Date.now,
});
// An application's storage may hold connections open that its configuration does not close.
process.stdout.write('', () => process.exit(code));
