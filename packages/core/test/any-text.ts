import fc from 'fast-check';

const unit = fc
  .oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(0x2028, 0xd800, 0xdc00, 0xfeff, 0xff0f),
  )
  .map((code) => String.fromCharCode(code));

/** Text of any UTF-16 units, lone surrogates included: much cheaper to set up than fast-check's own `binary` unit. */
export function anyText(
  constraints: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ unit, ...constraints });
}
