/** A set of a policy's permissions and roles, one bit each. Every mask of one policy has the same length. */
export type Mask = readonly number[];

/** The place of one permission or role in a mask. */
export interface Bit {
  readonly word: number;
  readonly bit: number;
}

// The most that every engine keeps in an array as a plain small integer.
const bitsPerWord = 30;

/** The place of the name that was declared `index`th. */
export function bitAt(index: number): Bit {
  return { word: Math.floor(index / bitsPerWord), bit: 1 << (index % bitsPerWord) };
}

/** A mask for `size` names with none set. */
export function emptyMask(size: number): number[] {
  return Array.from({ length: Math.ceil(size / bitsPerWord) }, () => 0);
}

/** Whether the mask has the bit; one that is too short has not. */
export function has(mask: Mask, { word, bit }: Bit): boolean {
  return ((mask[word] ?? 0) & bit) !== 0;
}

/** A new mask with what either has. */
export function union(one: Mask, other: Mask): Mask {
  return one.map((word, at) => word | (other[at] ?? 0));
}

/** A new mask with one bit more. */
export function withBit(mask: Mask, { word, bit }: Bit): Mask {
  return mask.map((bits, at) => (at === word ? bits | bit : bits));
}

/** How many bits are set. */
export function count(mask: Mask): number {
  let total = 0;
  for (const word of mask) for (let rest = word; rest !== 0; rest &= rest - 1) total++;
  return total;
}
