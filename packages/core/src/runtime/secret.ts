const redacted = '[redacted]';

/**
 * A freshly issued secret that prints `[redacted]` in logs, JSON, template strings and Node's inspect until `reveal` is called.
 * It guards against accidents, not against code in the same process.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plaintext: show it once, to whom it belongs. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  /** @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}
