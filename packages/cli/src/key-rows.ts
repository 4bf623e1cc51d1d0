import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ForeignApiKey } from '@portcullis/api-key';
import { parse } from 'csv-parse';
import { CommandError } from './failures.js';
import { nearMiss } from './parse-arguments.js';

/** A row of a file of keys. */
export interface ForeignRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

const columns = ['hash', 'owner', 'tenant', 'name', 'environment', 'scopes', 'createdAt', 'expiresAt', 'metadata'];

/** The rows of a file, as they come. A line that is none says why, and never what stood there. */
export async function* readRows(
  source: Readable,
  format: 'csv' | 'jsonl',
): AsyncGenerator<ForeignRow | { readonly line: number; readonly problem: string }> {
  if (format === 'jsonl') {
    let line = 0;
    for await (const text of createInterface({ input: source, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() === '') continue;
      const fields = parseObject(text);
      yield fields === undefined ? { line, problem: 'is no JSON object.' } : { line, fields };
    }
    return;
  }
  const parser = source.pipe(parse({ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true }));
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      const given = Object.entries(record).filter(([, value]) => value !== '');
      yield { line: info.lines, fields: Object.fromEntries(given) };
    }
  } catch (error) {
    const { code, lines } = error as { readonly code?: string; readonly lines?: number };
    throw new CommandError(
      'csv_malformed',
      `The file is no CSV from line ${lines ?? '?'} on: ${code ?? 'unreadable'}. The lines before it are imported.`,
    );
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A row as a key; what it says of the key is checked by `keys.import`. */
export function toForeignKey(fields: Readonly<Record<string, unknown>>): ForeignApiKey {
  const unknown = Object.keys(fields).find((name) => !columns.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no column ${JSON.stringify(unknown.slice(0, 40))}${nearMiss(unknown, columns)}`);
  for (const name of ['hash', 'owner']) if (typeof fields[name] !== 'string') throw new Error(`${name} is missing.`);
  const { scopes, createdAt, expiresAt } = fields;
  return {
    ...(fields as unknown as ForeignApiKey),
    ...(typeof scopes === 'string' && { scopes: scopes.split(/\s+/).filter(Boolean) }),
    ...(createdAt !== undefined && { createdAt: timeOf('createdAt', createdAt) }),
    ...(expiresAt !== undefined && { expiresAt: timeOf('expiresAt', expiresAt) }),
  };
}

function timeOf(name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  const time = /^\d{9,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`${name} takes a date (2027-01-31) or absolute milliseconds.`);
  return time;
}
