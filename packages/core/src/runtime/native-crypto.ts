type HashInput = string | Uint8Array;

/** What Portcullis uses of `node:crypto`, where the runtime has it. */
export interface NativeCrypto {
  readonly hash: (algorithm: 'sha256', data: HashInput, encoding: 'base64url' | 'latin1') => string;
}

interface Host {
  readonly process?: { readonly getBuiltinModule?: (name: string) => Partial<NativeCrypto> | undefined };
}

function find(): NativeCrypto | undefined {
  try {
    const native = (globalThis as Host).process?.getBuiltinModule?.('node:crypto');
    // A known answer, because runtimes that imitate Node have shipped `hash` without these encodings.
    return native?.hash?.('sha256', 'abc', 'base64url') === 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0' &&
      native.hash('sha256', new Uint8Array(), 'latin1').length === 32
      ? (native as NativeCrypto)
      : undefined;
  } catch {
    return undefined;
  }
}

let found: NativeCrypto | false | undefined;

/**
 * `node:crypto` with a one-shot `hash` that works, or `undefined`. Found without an import, so that every bundler and
 * runtime takes the file, and on the first call, because loading it is an eighth of what a start costs.
 */
export function nativeCrypto(): NativeCrypto | undefined {
  found ??= find() ?? false;
  return found || undefined;
}
