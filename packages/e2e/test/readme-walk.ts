import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** Whether a README's commands can be run here. */
export const hasShell: boolean = ['bash', 'curl', 'sed'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** Each command of a README's "Try it" with the status that its comment promises, and with the one that it gave. */
export async function walkReadme(
  example: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly told: readonly string[]; readonly given: readonly string[] }> {
  const markdown = readFileSync(new URL(`../../../examples/${example}/README.md`, import.meta.url), 'utf8');
  const section = markdown.split('\n## Try it\n')[1]?.split('\n## ')[0] ?? '';
  // The block before it only sets what `env` sets here.
  const lines = section.split('```sh\n')[2]?.split('```')[0]?.split('\n') ?? [];
  const script = lines.map((line) => line.replace(/^curl /, "curl -s -o /dev/null -w '%{http_code}\\n' ")).join('\n');
  const shell = spawn('bash', ['-eu'], { env: { PATH: process.env['PATH'], ...env } });
  const ended = once(shell, 'close');
  shell.stdin.end(script);
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  if (stderr !== '') throw new Error(stderr);
  const statuses = stdout.trim().split('\n');
  const commands = lines.filter((line) => line.startsWith('curl '));
  return { told: commands, given: commands.map((line, at) => line.replace(/# \d{3}$/, `# ${statuses[at]}`)) };
}
