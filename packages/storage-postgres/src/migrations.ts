import {
  type CollectionDefinition,
  type CollectionShape,
  type StoredRecord,
  createRecordRules,
  invalidOption,
} from '@portcullis/core/storage';

/** A column, by what the catalogue says of it. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: 'text' | 'bigint' | 'json' | 'boolean';
  readonly required: boolean;
  readonly key: boolean;
}

/** An index, by what it is built on: column names, or an expression. */
export interface IndexSchema {
  readonly name: string;
  readonly keys: readonly string[];
  readonly where?: string;
}

/** A table as this storage makes it. */
export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly indexes: readonly IndexSchema[];
  /** How full a page is filled: room for the next version of a row beside it. */
  readonly fillfactor: number;
}

/** Where the tables of a storage are. */
export interface Place {
  /** `undefined`: wherever `search_path` says. */
  readonly schema: string | undefined;
  readonly prefix: string;
}

const column =
  (type: ColumnSchema['type']) =>
  (name: string): ColumnSchema => ({ name, type, required: true, key: false });
const [text, bigint, json, boolean] = [column('text'), column('bigint'), column('json'), column('boolean')];
const optional = (given: ColumnSchema): ColumnSchema => ({ ...given, required: false });

/** An identifier in double quotes. Names come from options and definitions that were checked; quoting is for words that SQL has taken. */
function quoted(name: string): string {
  return `"${name}"`;
}

/** A table or index with its schema, if it has one. */
export function qualified(place: Place, name: string): string {
  return place.schema === undefined ? quoted(name) : `${quoted(place.schema)}.${quoted(name)}`;
}

/** What an index of a collection is built on: derived from `data`, compared by its bytes. */
export function indexExpression(index: string): string {
  return `("data" ->> '${index}') COLLATE "C"`;
}

/**
 * Checks what the names of a storage's tables begin with.
 *
 * @throws CoreError `invalid_option`
 */
export function checkPrefix(prefix: string): string {
  if (!/^[a-z][a-z0-9_]{0,20}$/.test(prefix) || prefix.startsWith('pg_')) {
    throw invalidOption(
      'prefix',
      'use 1 to 21 lower-case letters, digits and _, beginning with a letter, and not with pg_.',
    );
  }
  return prefix;
}

/**
 * Checks the name of a schema.
 *
 * @throws CoreError `invalid_option`
 */
export function checkSchema(schema: string | undefined): string | undefined {
  if (schema !== undefined && (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_'))) {
    throw invalidOption('schema', 'use 1 to 63 lower-case letters, digits and _, not beginning with a digit or pg_.');
  }
  return schema;
}

/**
 * The table of one collection. An index is an expression over `data`, so that a process that does not know of the index yet cannot write a
 * row that the index misses. `data` is json, not jsonb: it gives back the text that was written, fields in their order, and is not rebuilt
 * for each read.
 */
export function collectionSchema(definition: CollectionShape, prefix: string): TableSchema {
  const { name: collection, indexes } = createRecordRules(definition as CollectionDefinition<StoredRecord>);
  const name = `${prefix}${collection}`;
  return {
    name,
    columns: [
      { ...text('id'), key: true },
      text('version'),
      bigint('created_at'),
      optional(bigint('touched_at')),
      optional(bigint('expires_at')),
      optional(bigint('sweep_at')),
      json('data'),
    ],
    indexes: [
      // Where a sweep goes on from: records that were made one after another lie one after another.
      sweepIndex(name, 'created_at'),
      ...indexes.map((index) => ({
        name: shortened(`${name}_${index}`),
        keys: [indexExpression(index), 'created_at', 'id'],
      })),
    ],
    fillfactor: 90,
  };
}

/** The table of the counters. */
export function countersSchema(prefix: string): TableSchema {
  const name = `${prefix}counters`;
  return {
    name,
    columns: [
      { ...text('key'), key: true },
      text('algorithm'),
      bigint('window_ms'),
      bigint('used'),
      bigint('at'),
      boolean('granted'),
      bigint('sweep_at'),
    ],
    indexes: [sweepIndex(name)],
    fillfactor: 50,
  };
}

/** The statements that make a table with its indexes. */
export function createStatements(table: TableSchema, place: Place): readonly string[] {
  const columns = table.columns.map((each) => `  ${columnSql(each)}`).join(',\n');
  return [
    `CREATE TABLE ${qualified(place, table.name)} (\n${columns}\n) WITH (fillfactor = ${table.fillfactor})`,
    ...table.indexes.map((index) => indexSql(table, index, place)),
  ];
}

/** The statement that makes the schema, where one was named. */
export function schemaStatements({ schema }: Place): readonly string[] {
  return schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`];
}

/** The statement that makes an index. `concurrently` lets writes go on meanwhile, and cannot be part of a transaction. */
export function indexSql(table: TableSchema, index: IndexSchema, place: Place, concurrently = false): string {
  const keys = index.keys.map((key) => (key.startsWith('(') ? key : quoted(key))).join(', ');
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  const how = concurrently ? ' CONCURRENTLY' : '';
  return `CREATE INDEX${how} ${quoted(index.name)} ON ${qualified(place, table.name)} (${keys})${where}`;
}

/**
 * The statements that make an empty database ready for these collections, to be read, kept with an application's own migrations and
 * applied by its own tool. For a database that has some of it already, use the storage's `migrate` or `drift`.
 *
 * @param options.prefix - what the names of tables begin with; default `portcullis_`
 * @param options.schema - the schema they are in; default: the first of `search_path`
 * @throws CoreError `invalid_option`
 */
export function postgresMigrations(
  definitions: readonly CollectionShape[],
  options: { readonly prefix?: string; readonly schema?: string } = {},
): readonly string[] {
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  const place: Place = { schema: checkSchema(options.schema), prefix };
  const tables = [countersSchema(prefix), ...definitions.map((definition) => collectionSchema(definition, prefix))];
  return [...schemaStatements(place), ...tables.flatMap((table) => createStatements(table, place))];
}

function columnSql({ name, type, required, key }: ColumnSchema): string {
  const collation = type === 'text' ? ' COLLATE "C"' : '';
  return `${quoted(name)} ${type}${collation}${required ? ' NOT NULL' : ''}${key ? ' PRIMARY KEY' : ''}`;
}

function sweepIndex(table: string, ...then: readonly string[]): IndexSchema {
  return { name: shortened(`${table}_sweep`), keys: ['sweep_at', ...then], where: '"sweep_at" IS NOT NULL' };
}

// PostgreSQL cuts longer names off without a word, and two could then be one.
function shortened(name: string): string {
  if (name.length <= 63) return name;
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return `${name.slice(0, 54)}_${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
