import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { ForeignApiKey } from '@portcullis/api-key';
import { isPortcullisError } from '@portcullis/core';
import type { Command } from '../command.js';
import { UsageError } from '../failures.js';
import { type ForeignRow, readRows, toForeignKey } from '../key-rows.js';
import { openApiKeys } from '../managers.js';
import { count, printable } from '../text.js';

export const importKeys: Command = {
  name: 'import-keys',
  summary: 'Take over API keys of another system by their SHA-256, from CSV or JSON lines.',
  positionals: ['FILE'],
  options: { format: { value: 'csv|jsonl', help: "default: by the file's ending" } },
  details: `FILE is - for stdin, with --format. Columns: hash (hexadecimal or base64url) and owner, and if you like tenant, name, environment,
scopes (with spaces between), createdAt and expiresAt (a date, or milliseconds). Keys that are there already are counted and left. The application
reads such keys only with the option parseImported of createApiKeys. A hash is worth something only of a key of at least 112 random bits.`,
  async run(context) {
    const { given } = context;
    const [file = ''] = given.positionals;
    const format = given.text('format') ?? /\.(csv|jsonl|ndjson)$/.exec(file)?.[1]?.replace('ndjson', 'jsonl');
    if (format !== 'csv' && format !== 'jsonl')
      throw new UsageError('Say what the file is: --format csv or --format jsonl.');
    const path = resolve(context.cwd, file);
    if (file !== '-' && !existsSync(path)) throw new UsageError(`There is no file ${file}.`);
    const { apiKeys } = await context.config();
    const keys = await openApiKeys(context, false);
    const result = { imported: 0, present: 0, refused: 0 };
    const refuse = async (line: number, problem: string): Promise<void> => {
      result.refused += 1;
      await context.note(`line ${line}: ${printable(problem)}\n`);
    };
    const importRow = async ({ line, fields }: ForeignRow): Promise<void> => {
      let key: ForeignApiKey;
      try {
        key = toForeignKey(fields);
      } catch (error) {
        return refuse(line, (error as Error).message);
      }
      try {
        await keys.import(key);
        result.imported += 1;
      } catch (error) {
        if (isPortcullisError(error, 'key_exists')) result.present += 1;
        else if (isPortcullisError(error, 'invalid_key_input') || isPortcullisError(error, 'invalid_record'))
          await refuse(line, error.message);
        else throw error;
      }
      return undefined;
    };
    try {
      const source = file === '-' ? Readable.from(context.stdin) : createReadStream(path);
      for await (const row of readRows(source, format)) {
        if ('problem' in row) await refuse(row.line, row.problem);
        else await importRow(row);
        context.progress(`importing keys: ${count(result.imported, 'key')}`);
      }
    } finally {
      await keys.close();
    }
    await context.print(
      `${count(result.imported, 'key')} imported, ${result.present} there already, ${result.refused} refused.\n`,
      result,
    );
    if (apiKeys !== undefined && apiKeys.parseImported === undefined)
      await context.note(
        'The configuration has no apiKeys.parseImported: an application without it does not read these keys.\n',
      );
    return result.refused === 0 ? 0 : 1;
  },
};
