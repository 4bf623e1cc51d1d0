import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of what a transfer can throw. */
export type TransferErrorCode =
  | 'transfer_malformed'
  | 'transfer_incomplete'
  | 'transfer_unsupported'
  | 'transfer_altered'
  | 'transfer_refused';

/** Every code of this package. */
export const transferErrors: ErrorTable<TransferErrorCode> = {
  transfer_malformed: {
    status: 500,
    retryable: false,
    summary: 'A line is not what an export writes. Nothing after it was read.',
  },
  transfer_incomplete: {
    status: 500,
    retryable: false,
    summary: 'The export ends before its last line. Let it come to its end, then import it again.',
  },
  transfer_unsupported: {
    status: 500,
    retryable: false,
    summary: 'The export was written in a format that this release does not read.',
  },
  transfer_altered: {
    status: 500,
    retryable: false,
    summary: 'The records of the export are not those that its last line counts: it was edited, cut or mixed.',
  },
  transfer_refused: {
    status: 500,
    retryable: false,
    summary: 'The target does not take a record. The message says on which line of the export it stands, and why.',
  },
};

/** An error of this package. Names lines and collections, never what a record holds. */
export class TransferError extends PortcullisError<TransferErrorCode> {
  constructor(
    code: TransferErrorCode,
    message: string = transferErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, transferErrors[code], message, options);
  }
}
