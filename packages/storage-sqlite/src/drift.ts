import { type MaybePromise, andThen } from '@portcullis/core/storage';
import { type Query, type Row, integer } from './driver.js';
import { type ColumnSchema, type TableSchema, columnSql, createStatements, quoted } from './migrations.js';

/** Something that the database does not have as this storage needs it. */
export interface Drift {
  readonly kind: 'missing_table' | 'missing_column' | 'different_column' | 'missing_index' | 'different_index';
  readonly table: string;
  /** The column or index; the table itself for `missing_table`. */
  readonly name: string;
  /** The statements that mend it; none when data would have to be moved. */
  readonly mend: readonly string[];
}

/**
 * What differs between a database and the tables that a storage needs. Only reads. Tables, columns and indexes of others, or of another
 * release in a rolling deploy, are none of its business.
 */
export function findDrift(
  query: (sql: string) => Query,
  tables: readonly TableSchema[],
): MaybePromise<readonly Drift[]> {
  const master = query('SELECT "type", "name", "sql" FROM sqlite_master WHERE "tbl_name" = ?');
  const columns = query('SELECT "name", "type", "notnull" AS "required", "pk" AS "key" FROM pragma_table_xinfo(?)');
  return tables.reduce<MaybePromise<readonly Drift[]>>(
    (before, table) =>
      andThen(before, (drifts) =>
        andThen(master.all(table.name), (objects) =>
          andThen(columns.all(table.name), (rows) => [...drifts, ...tableDrift(table, objects, rows)]),
        ),
      ),
    [],
  );
}

/** The drifts that `migrate` cannot mend, for its error; empty when there are none. */
export function stuckNames(drifts: readonly Drift[]): string {
  const stuck = drifts.filter(({ mend }) => mend.length === 0);
  return stuck.map(({ kind, table, name }) => `${kind} ${table}.${name}`).join(', ');
}

function tableDrift(table: TableSchema, objects: readonly Row[], columns: readonly Row[]): readonly Drift[] {
  const own = objects.find((row) => row['type'] === 'table');
  if (own === undefined)
    return [{ kind: 'missing_table', table: table.name, name: table.name, mend: createStatements(table) }];
  const present = new Map(columns.map((row) => [String(row['name']), row]));
  const indexes = new Map(
    objects.filter((row) => row['type'] === 'index').map((row) => [String(row['name']), squeeze(row['sql'])]),
  );
  return [
    ...table.columns.flatMap((column) => columnDrift(table, column, present.get(column.name), squeeze(own['sql']))),
    ...table.indexes.flatMap((index) => indexDrift(table, index, indexes.get(index.name))),
  ];
}

function columnDrift(table: TableSchema, column: ColumnSchema, row: Row | undefined, sql: string): readonly Drift[] {
  if (row === undefined) {
    // A fixed column cannot be added to rows that lack its value.
    const mend = column.from === undefined ? [] : [`ALTER TABLE ${quoted(table.name)} ADD COLUMN ${columnSql(column)}`];
    return [{ kind: 'missing_column', table: table.name, name: column.name, mend }];
  }
  const same =
    row['type'] === column.type &&
    integer(row, 'required') === Number(column.required) &&
    integer(row, 'key') === Number(column.key) &&
    (column.from === undefined || sql.includes(squeeze(columnSql(column))));
  return same ? [] : [{ kind: 'different_column', table: table.name, name: column.name, mend: [] }];
}

function indexDrift(
  table: TableSchema,
  index: TableSchema['indexes'][number],
  sql: string | undefined,
): readonly Drift[] {
  if (sql === undefined) return [{ kind: 'missing_index', table: table.name, name: index.name, mend: [index.sql] }];
  if (sql === squeeze(index.sql)) return [];
  return [
    {
      kind: 'different_index',
      table: table.name,
      name: index.name,
      mend: [`DROP INDEX ${quoted(index.name)}`, index.sql],
    },
  ];
}

// SQLite keeps a statement as it was typed, so only white space may differ where a person or a tool laid it out anew.
function squeeze(sql: unknown): string {
  return String(sql).replaceAll(/\s+/g, '');
}
