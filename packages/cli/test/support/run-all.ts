// Runs command lines one after the other in this process, and prints what came of each as JSON. Arguments: the folder, and the command lines as JSON.
import { run } from '../../src/run.js';

const [cwd = '', commands = ''] = process.argv.slice(2);
const ran: object[] = [];
for (const args of JSON.parse(commands) as string[][]) {
  const said = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string, done: () => void): void {
      said[name] += text;
      done();
    },
  });
  async function* stdin(): AsyncGenerator<Uint8Array> {}
  const code = await run(args, {
    cwd,
    env: {},
    stdin: stdin(),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    clock: Date.now,
  });
  ran.push({ code, ...said });
}
process.stdout.write(JSON.stringify(ran));
