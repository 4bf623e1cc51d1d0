// `npm start`: sets up, then runs the flagship example on source. Signals and the exit code pass through.
// The npm script says `exec ... || ...`: npm signals its shell only, so the shell must become this process. cmd.exe knows
// no exec, complains, and takes the second half.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

await import('./setup.mjs');

const example = process.argv[2] ?? 'hybrid';
const main = fileURLToPath(new URL(`../examples/${example}/src/main.ts`, import.meta.url));
if (!existsSync(main)) {
  console.error(`start: there is no examples/${example}/src/main.ts`);
  process.exit(1);
}
const child = spawn(process.execPath, ['--conditions=@portcullis/source', '--import', 'tsx', main], {
  stdio: 'inherit',
  env: process.env,
});
// A terminal's Ctrl-C reaches the child by itself; without a listener this process would not wait for it.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal) process.removeAllListeners(signal);
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
