import type { NativeBuffer, NativeRuntime } from './native-runtime.js';

/** The bytes of a text. They are good until the next call, and for synchronous use only. */
export type Scratch = (text: string) => NativeBuffer;

const room = 8192;

/**
 * Decodes one text after another into the same memory. What is saved is less the copying than the garbage: a buffer for
 * each part of each token is what makes the collector run, and that costs most on a busy machine.
 */
export function createScratch({ Buffer }: NativeRuntime, encoding: 'latin1' | 'base64url'): Scratch {
  const memory = Buffer.alloc(room);
  let view = memory;
  return (text) => {
    if (text.length > room) return Buffer.from(text, encoding);
    const length = memory.write(text, 0, room, encoding);
    // An issuer's tokens have few lengths, and the last view mostly fits.
    if (view.length !== length) view = memory.subarray(0, length);
    return view;
  };
}
