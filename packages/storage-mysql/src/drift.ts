import type { Row } from './driver.js';
import {
  type ColumnSchema,
  type IndexSchema,
  type TableSchema,
  columnSql,
  createStatements,
  indexSql,
  quoted,
  virtualExpression,
} from './migrations.js';

/** Something that the database does not have as this storage needs it. */
export interface Drift {
  readonly kind: 'missing_table' | 'missing_column' | 'different_column' | 'missing_index' | 'different_index';
  readonly table: string;
  /** The column or index; the table itself for `missing_table`. */
  readonly name: string;
  /** The statements that mend it; none when data would have to be moved. */
  readonly mend: readonly string[];
}

/** Runs a statement of the catalogue. */
export type Ask = (sql: string) => PromiseLike<readonly Row[]>;

/**
 * What differs between a database and the tables that a storage needs. Only reads. Tables, columns and indexes of others, or of another
 * release in a rolling deploy, are none of its business.
 */
export async function findDrift(ask: Ask, tables: readonly TableSchema[]): Promise<readonly Drift[]> {
  const drifts: Drift[] = [];
  for (const table of tables) drifts.push(...(await tableDrift(ask, table)));
  return drifts;
}

async function tableDrift(ask: Ask, table: TableSchema): Promise<readonly Drift[]> {
  const where = `WHERE table_schema = DATABASE() AND table_name = '${table.name}'`;
  const columns = await ask(
    `SELECT column_name, concat_ws(' ', data_type, coalesce(collation_name, '-'), is_nullable, column_key = 'PRI',
       coalesce(nullif(generation_expression, ''), '-')) FROM information_schema.columns ${where}`,
  );
  if (columns.length === 0)
    return [{ kind: 'missing_table', table: table.name, name: table.name, mend: createStatements(table) }];
  const indexes = await ask(
    `SELECT index_name, group_concat(column_name ORDER BY seq_in_index) FROM information_schema.statistics ${where} GROUP BY index_name`,
  );
  const [present, built] = [byName(columns), byName(indexes)];
  return [
    ...table.columns.flatMap((column) => columnDrift(table, column, present.get(column.name))),
    ...table.indexes.flatMap((index) => indexDrift(table, index, built.get(index.name))),
  ];
}

function columnDrift(table: TableSchema, column: ColumnSchema, found: string | undefined): readonly Drift[] {
  if (found === undefined) {
    // A fixed column cannot be added to rows that lack its value.
    const mend = column.from === undefined ? [] : [`ALTER TABLE ${quoted(table.name)} ADD COLUMN ${columnSql(column)}`];
    return [{ kind: 'missing_column', table: table.name, name: column.name, mend }];
  }
  if (squeeze(found) === squeeze(described(column))) return [];
  return [{ kind: 'different_column', table: table.name, name: column.name, mend: [] }];
}

function indexDrift(table: TableSchema, index: IndexSchema, found: string | undefined): readonly Drift[] {
  const create = indexSql(table, index);
  if (found === undefined) return [{ kind: 'missing_index', table: table.name, name: index.name, mend: [create] }];
  if (found === index.columns.join(',')) return [];
  const drop = `DROP INDEX ${quoted(index.name)} ON ${quoted(table.name)}`;
  return [{ kind: 'different_index', table: table.name, name: index.name, mend: [drop, create] }];
}

// As the query above describes it.
function described({ type, required, key, from }: ColumnSchema): string {
  const kind = { key: 'varbinary -', bigint: 'bigint -', json: 'longtext utf8mb4_bin' }[type];
  const expression = from === undefined ? '-' : virtualExpression(from);
  return `${kind} ${required ? 'NO' : 'YES'} ${key ? 1 : 0} ${expression}`;
}

// Each server prints an expression anew, in its own way.
function squeeze(sql: string): string {
  return sql.replaceAll(/_utf8mb4|[\s`\\]+/g, '');
}

function byName(rows: readonly Row[]): ReadonlyMap<string, string> {
  return new Map(rows.map(([name, description]) => [String(name), String(description)]));
}
