import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Harness, starting } from './harness.js';

/** The commands of a README's "Try it", each with the status that its comment promises. */
interface Walk {
  readonly script: string;
  readonly commands: readonly string[];
  readonly statuses: readonly string[];
}

function readWalk(markdown: string): Walk {
  const [, section = ''] = markdown.split('\n## Try it\n');
  const [, , block = ''] = section.split('\n## ')[0]!.split('```sh\n');
  const lines = block.split('```')[0]!.split('\n');
  const commands = lines.filter((line) => line.startsWith('curl '));
  const quiet = lines.map((line) => line.replace(/^curl /, "curl -sS -o /dev/null -w '%{http_code}\\n' "));
  return { script: quiet.join('\n'), commands, statuses: commands.map((line) => /# (\d{3})$/.exec(line)?.[1] ?? line) };
}

const tools = ['bash', 'curl'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** The README: what it tells people to type works. */
export function readmeSuite(harness: Harness): void {
  describe('README', () => {
    it.skipIf(!tools)('shows commands that answer as it says (needs bash and curl)', { timeout: starting }, () => {
      const { script, commands, statuses } = readWalk(
        readFileSync(new URL(`../../../${harness.name}/README.md`, import.meta.url), 'utf8'),
      );
      expect(commands.length).toBeGreaterThan(9);
      const keys = Object.fromEntries(
        harness.example.keyLines.map((line) => line.split(' ').slice(1)) as [string, string][],
      );
      const { stdout, stderr } = spawnSync('bash', ['-eu'], {
        input: script,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          URL: harness.example.url,
          ADA: keys['ada'],
          GRACE: keys['grace'],
          REX: keys['rex'],
          ROOT: keys['root'],
          PASSWORD: harness.example.passwordOf('ada'),
        },
      });
      expect(stderr).toBe('');
      const told = stdout
        .trim()
        .split('\n')
        .map((status, at) => `${status} ${commands[at]}`);
      expect(told).toEqual(statuses.map((status, at) => `${status} ${commands[at]}`));
    });
  });
}
