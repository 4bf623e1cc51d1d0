import {
  type CollectionDefinition,
  type CollectionShape,
  type StoredRecord,
  createRecordRules,
  invalidOption,
} from '@portcullis/core/storage';

/** A column, by what `information_schema` says of it. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: 'key' | 'bigint' | 'json';
  readonly required: boolean;
  readonly key: boolean;
  /** The field of `data` that a virtual column shows. */
  readonly from?: string;
}

/** An index, by the columns it is built on. */
export interface IndexSchema {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A table as this storage makes it. */
export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly indexes: readonly IndexSchema[];
}

// Bytes, not text: no collation of either server keeps case, accents and spaces at the end apart under one name.
const types = {
  key: 'varbinary(255)',
  bigint: 'bigint',
  json: 'longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
} as const;

const column =
  (type: ColumnSchema['type']) =>
  (name: string): ColumnSchema => ({ name, type, required: true, key: false });
const [text, bigint, json] = [column('key'), column('bigint'), column('json')];
const optional = (given: ColumnSchema): ColumnSchema => ({ ...given, required: false });

/** An identifier in backquotes. Names come from definitions that were checked; quoting is for words that SQL has taken. */
export function quoted(name: string): string {
  return `\`${name}\``;
}

/** The virtual column that an index of a collection is built on. */
export function indexColumn(index: string): string {
  return `ix_${index}`;
}

/** What a virtual column shows of `data`. */
export function virtualExpression(field: string): string {
  return `json_unquote(json_extract(\`data\`, '$.${field}'))`;
}

/**
 * Checks what the names of a storage's tables begin with.
 *
 * @throws CoreError `invalid_option`
 */
export function checkPrefix(prefix: string): string {
  if (!/^[a-z][a-z0-9_]{0,20}$/.test(prefix)) {
    throw invalidOption('prefix', 'use 1 to 21 lower-case letters, digits and _, beginning with a letter.');
  }
  return prefix;
}

/**
 * The table of one collection. An index is a virtual column derived from `data`, so that a process that does not know of the index yet
 * cannot write a row that the index misses. `data` is text that holds JSON: it comes back as it was written, fields in their order.
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
      ...indexes.map((index): ColumnSchema => ({ ...optional(text(indexColumn(index))), from: index })),
    ],
    indexes: [
      sweepIndex(name),
      ...indexes.map((index) => ({
        name: shortened(`${name}_${index}`),
        columns: [indexColumn(index), 'created_at', 'id'],
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
      bigint('window_ms'),
      bigint('used'),
      bigint('at'),
      bigint('sweep_at'),
    ],
    indexes: [sweepIndex(name)],
  };
}

/** The statements that make a table with its indexes. */
export function createStatements(table: TableSchema): readonly string[] {
  const columns = table.columns.map((each) => `  ${columnSql(each)}`).join(',\n');
  return [
    `CREATE TABLE ${quoted(table.name)} (\n${columns}\n) ENGINE = InnoDB`,
    ...table.indexes.map((index) => indexSql(table, index)),
  ];
}

/** The statement that makes an index. InnoDB lets writes go on meanwhile. */
export function indexSql(table: TableSchema, index: IndexSchema): string {
  return `CREATE INDEX ${quoted(index.name)} ON ${quoted(table.name)} (${index.columns.map(quoted).join(', ')})`;
}

/** A column as `CREATE TABLE` and `ADD COLUMN` write it. */
export function columnSql({ name, type, required, key, from }: ColumnSchema): string {
  const base = `${quoted(name)} ${types[type]}`;
  if (from !== undefined) return `${base} GENERATED ALWAYS AS (${virtualExpression(from)}) VIRTUAL`;
  return `${base}${required ? ' NOT NULL' : ''}${key ? ' PRIMARY KEY' : ''}`;
}

/**
 * The statements that make an empty database ready for these collections, to be read, kept with an application's own migrations and
 * applied by its own tool. For a database that has some of it already, use the storage's `migrate` or `drift`.
 *
 * @param options.prefix - what the names of tables begin with; default `portcullis_`
 * @throws CoreError `invalid_option`
 */
export function mysqlMigrations(
  definitions: readonly CollectionShape[],
  options: { readonly prefix?: string } = {},
): readonly string[] {
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  return [countersSchema(prefix), ...definitions.map((definition) => collectionSchema(definition, prefix))].flatMap(
    createStatements,
  );
}

function sweepIndex(table: string): IndexSchema {
  return { name: shortened(`${table}_sweep`), columns: ['sweep_at'] };
}

// Longer names are refused.
function shortened(name: string): string {
  if (name.length <= 63) return name;
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return `${name.slice(0, 54)}_${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
