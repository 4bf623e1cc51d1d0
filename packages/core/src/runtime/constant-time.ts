/**
 * Whether two secrets are equal, looking at every character or byte whatever the first difference is.
 * The length is not hidden: compare digests, or values whose length is public. A just-in-time compiler gives no
 * promise about single cycles; what is removed is the early exit that makes a prefix measurable.
 * @see ASVS 5.0 11.2.4
 */
export function timingSafeEqual(a: string, b: string): boolean;
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
export function timingSafeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string') return typeof b === 'string' && equalText(a, b);
  return typeof b !== 'string' && equalBytes(a, b);
}

function equalText(a: string, b: string): boolean {
  const { length } = a;
  let difference = length ^ b.length;
  for (let i = 0; i < length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a;
  let difference = length ^ b.length;
  for (let i = 0; i < length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}
