/** A line of a stream of bytes. */
export interface Line {
  readonly text: string;
  /** Counted from 1. */
  readonly number: number;
  /** Bytes of the stream up to the end of the line, its line feed included. */
  readonly end: number;
}

const lineFeed = 0x0a;

/** The lines of a stream that end in a line feed. What stands after the last one was cut off and is not given. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let pieces: Uint8Array[] = [];
  let number = 0;
  let end = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
      pieces.push(chunk.subarray(start, at));
      const bytes = joined(pieces);
      pieces = [];
      start = at + 1;
      end += bytes.length + 1;
      number += 1;
      yield { text: decoder.decode(bytes), number, end };
    }
    // A copy: whoever reads a file may use its buffer again.
    if (start < chunk.length) pieces.push(chunk.slice(start));
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
