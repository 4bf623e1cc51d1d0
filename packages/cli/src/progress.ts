import type { Surroundings } from './command.js';

/** One line that changes, on stderr. */
export interface Progress {
  show(text: string): void;
  clear(): void;
}

/** Shows how far long work has come: a line that is written over on a terminal, else a line a second, and only when asked for. */
export function createProgress({ stderr, clock }: Pick<Surroundings, 'stderr' | 'clock'>, asked: boolean): Progress {
  const terminal = stderr.isTTY === true;
  const everyMs = terminal ? 100 : 1000;
  let last = Number.NEGATIVE_INFINITY;
  let shown = false;
  const write = (text: string): void => void stderr.write(text, () => undefined);
  return {
    show(text) {
      if (!terminal && !asked) return;
      const now = clock();
      if (now - last < everyMs) return;
      last = now;
      shown = terminal;
      write(terminal ? `\r\u001B[K${text}` : `${text}\n`);
    },
    clear() {
      if (shown) write('\r\u001B[K');
      shown = false;
    },
  };
}
