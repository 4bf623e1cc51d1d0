/** What the verifying half reports. Refused and accepted tokens are reported by the guard. */
export interface VerifierEvents {
  /** An issuer's key set was fetched; `keys` is how many of it can be used here. */
  'jwt.keys_fetched': { readonly issuer: string; readonly keys: number };
  /** It could not be fetched, or was not one; `failures` in a row. Cached keys go on being used. */
  'jwt.keys_failed': { readonly issuer: string; readonly failures: number };
}
