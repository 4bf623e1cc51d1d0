/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {}

/** The command could not do what it was asked for: exit code 1. */
export class CommandError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
