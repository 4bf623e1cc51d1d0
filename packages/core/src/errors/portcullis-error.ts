/** One row of an error table: docs/errors.md is generated from these. */
export interface ErrorEntry {
  /** The HTTP status an adapter answers with. */
  readonly status: number;
  /** One sentence: what happened and how to mend it. No values, no secrets. */
  readonly summary: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
}

/** A package's closed set of codes. */
export type ErrorTable<Code extends string> = Readonly<Record<Code, ErrorEntry>>;

// Symbol.for, not Symbol: two installed copies of core must recognise each other's errors.
const brand: unique symbol = Symbol.for('portcullis.error') as never;

/**
 * Base of everything Portcullis throws: misuse, infrastructure and a broken peer. Denials are values, not errors.
 * Messages and JSON hold no secret; `cause` is kept for the debugger and is never serialised.
 */
export class PortcullisError<Code extends string = string> extends Error {
  /** @internal */
  declare readonly [brand]: true;
  readonly code: Code;
  /** The HTTP status an adapter answers with when nobody caught it. */
  readonly status: number;
  readonly retryable: boolean;

  constructor(
    code: Code,
    entry: Pick<ErrorEntry, 'status' | 'retryable'>,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this[brand] = true;
    this.name = new.target.name;
    this.code = code;
    this.status = entry.status;
    this.retryable = entry.retryable;
  }

  toJSON(): { readonly name: string; readonly code: Code; readonly message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** Recognises an error of any Portcullis package, from any installed copy; with `code`, that one. */
export function isPortcullisError(value: unknown, code?: string): value is PortcullisError {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [brand]?: unknown })[brand] === true &&
    (code === undefined || (value as PortcullisError).code === code)
  );
}
