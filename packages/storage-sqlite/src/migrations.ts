import {
  type CollectionDefinition,
  type CollectionShape,
  type StoredRecord,
  createRecordRules,
  invalidOption,
} from '@portcullis/core/storage';

/** A column, by what `PRAGMA table_xinfo` says of it. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: 'TEXT' | 'INTEGER';
  readonly required: boolean;
  readonly key: boolean;
  /** The expression of a virtual column. */
  readonly from?: string;
}

/** A table as this storage makes it. */
export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly indexes: readonly { readonly name: string; readonly sql: string }[];
}

const text = (name: string): ColumnSchema => ({ name, type: 'TEXT', required: true, key: false });
const integer = (name: string): ColumnSchema => ({ name, type: 'INTEGER', required: true, key: false });
const optional = (column: ColumnSchema): ColumnSchema => ({ ...column, required: false });

/** An identifier in double quotes. Names come from definitions that were checked; quoting is for words that SQL has taken. */
export function quoted(name: string): string {
  return `"${name}"`;
}

/** The virtual column that an index of a collection is built on. */
export function indexColumn(index: string): string {
  return `ix_${index}`;
}

/**
 * Checks what the names of a storage's tables begin with.
 *
 * @throws CoreError `invalid_option`
 */
export function checkPrefix(prefix: string): string {
  if (!/^[a-z][a-z0-9_]{0,20}$/.test(prefix) || prefix.startsWith('sqlite_')) {
    throw invalidOption(
      'prefix',
      'use 1 to 21 lower-case letters, digits and _, beginning with a letter, and not with sqlite_.',
    );
  }
  return prefix;
}

/**
 * The table of one collection. An index is a virtual column derived from `data`, so that a process that does not know of the index yet
 * cannot write a row that the index misses.
 */
export function collectionSchema(definition: CollectionShape, prefix: string): TableSchema {
  const { name: collection, indexes } = createRecordRules(definition as CollectionDefinition<StoredRecord>);
  const name = `${prefix}${collection}`;
  const virtual = indexes.map(
    (index): ColumnSchema => ({ ...optional(text(indexColumn(index))), from: `json_extract("data", '$.${index}')` }),
  );
  return {
    name,
    columns: [
      { ...text('id'), key: true },
      text('version'),
      integer('created_at'),
      optional(integer('touched_at')),
      optional(integer('expires_at')),
      optional(integer('sweep_at')),
      text('data'),
      ...virtual,
    ],
    indexes: [
      sweepIndex(name),
      ...indexes.map((index) => ({
        name: `${name}_${index}`,
        sql: `CREATE INDEX ${quoted(`${name}_${index}`)} ON ${quoted(name)} (${quoted(indexColumn(index))}, "created_at", "id")`,
      })),
    ],
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
      integer('window_ms'),
      integer('used'),
      integer('at'),
      optional(integer('sweep_at')),
    ],
    indexes: [sweepIndex(name)],
  };
}

/** The statements that make a table with its indexes. */
export function createStatements(table: TableSchema): readonly string[] {
  const columns = table.columns.map((column) => `  ${columnSql(column)}`).join(',\n');
  // STRICT: a driver that binds a number where text belongs is found out, not obeyed.
  return [`CREATE TABLE ${quoted(table.name)} (\n${columns}\n) STRICT`, ...table.indexes.map(({ sql }) => sql)];
}

/** A column as `CREATE TABLE` and `ADD COLUMN` write it. */
export function columnSql(column: ColumnSchema): string {
  const base = `${quoted(column.name)} ${column.type}`;
  if (column.from !== undefined) return `${base} GENERATED ALWAYS AS (${column.from}) VIRTUAL`;
  return `${base}${column.required ? ' NOT NULL' : ''}${column.key ? ' PRIMARY KEY COLLATE BINARY' : ''}`;
}

/**
 * The statements that make an empty database ready for these collections, to be read, kept with an application's own migrations and
 * applied by its own tool. For a database that has some of it already, use the storage's `migrate` or `drift`.
 *
 * @param options.prefix - what the names of tables begin with; default `portcullis_`
 * @throws CoreError `invalid_option`
 */
export function sqliteMigrations(
  definitions: readonly CollectionShape[],
  options: { readonly prefix?: string } = {},
): readonly string[] {
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  return [countersSchema(prefix), ...definitions.map((definition) => collectionSchema(definition, prefix))].flatMap(
    createStatements,
  );
}

function sweepIndex(table: string): TableSchema['indexes'][number] {
  return {
    name: `${table}_sweep`,
    sql: `CREATE INDEX ${quoted(`${table}_sweep`)} ON ${quoted(table)} ("sweep_at") WHERE "sweep_at" IS NOT NULL`,
  };
}
