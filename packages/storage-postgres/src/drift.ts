import type { Row } from './driver.js';
import {
  type ColumnSchema,
  type IndexSchema,
  type Place,
  type TableSchema,
  createStatements,
  indexSql,
  qualified,
  schemaStatements,
} from './migrations.js';

/** Something that the database does not have as this storage needs it. */
export interface Drift {
  readonly kind:
    | 'missing_schema'
    | 'missing_table'
    | 'missing_column'
    | 'different_column'
    | 'missing_index'
    | 'different_index';
  readonly table: string;
  /** The column or index; the table or schema itself where that is missing. */
  readonly name: string;
  /** The statements that mend it, none of which may run in a transaction; none when data would have to be moved. */
  readonly mend: readonly string[];
}

/** Runs a statement of the catalogue. */
export type Ask = (sql: string) => PromiseLike<readonly Row[]>;

/**
 * What differs between a database and the tables that a storage needs. Only reads. Tables, columns and indexes of others, or of another
 * release in a rolling deploy, are none of its business.
 */
export async function findDrift(ask: Ask, tables: readonly TableSchema[], place: Place): Promise<readonly Drift[]> {
  const drifts: Drift[] = [...(await schemaDrift(ask, place))];
  for (const table of tables) drifts.push(...(await tableDrift(ask, table, place)));
  return drifts;
}

async function schemaDrift(ask: Ask, place: Place): Promise<readonly Drift[]> {
  const { schema } = place;
  if (schema === undefined) return [];
  const [row] = await ask(`SELECT to_regnamespace('"${schema}"')::text`);
  return row?.[0] === null ? [{ kind: 'missing_schema', table: '', name: schema, mend: schemaStatements(place) }] : [];
}

async function tableDrift(ask: Ask, table: TableSchema, place: Place): Promise<readonly Drift[]> {
  const oid = `to_regclass('${qualified(place, table.name)}')`;
  const columns = await ask(
    `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)::text || ' ' || coalesce(c.collname::text, '-')
       || ' ' || a.attnotnull::text || ' ' || coalesce(a.attnum = ANY (p.indkey), false)::text
     FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
       LEFT JOIN pg_index p ON p.indrelid = a.attrelid AND p.indisprimary
     WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`,
  );
  if (columns.length === 0)
    return [{ kind: 'missing_table', table: table.name, name: table.name, mend: createStatements(table, place) }];
  const indexes = await ask(
    `SELECT i.relname::text, x.indisvalid::text || ' ' || coalesce(pg_get_expr(x.indpred, x.indrelid), '-') || ' ' ||
       (SELECT string_agg(pg_get_indexdef(x.indexrelid, n, false) || ' ' || coalesce(c.collname::text, '-'), ',' ORDER BY n)
        FROM generate_series(1, x.indnkeyatts::int) AS n LEFT JOIN pg_collation c ON c.oid = x.indcollation[n - 1])
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = ${oid}`,
  );
  const [present, built] = [byName(columns), byName(indexes)];
  return [
    ...table.columns.flatMap((column) => columnDrift(table, column, present.get(column.name))),
    ...table.indexes.flatMap((index) => indexDrift(table, index, { place, found: built.get(index.name) })),
  ];
}

function columnDrift(table: TableSchema, column: ColumnSchema, found: string | undefined): readonly Drift[] {
  const { name, type, required, key } = column;
  // A fixed column cannot be added to rows that lack its value.
  if (found === undefined) return [{ kind: 'missing_column', table: table.name, name, mend: [] }];
  const wanted = `${type} ${type === 'text' ? 'C' : '-'} ${required} ${key}`;
  return found === wanted ? [] : [{ kind: 'different_column', table: table.name, name, mend: [] }];
}

function indexDrift(
  table: TableSchema,
  index: IndexSchema,
  { place, found }: { readonly place: Place; readonly found: string | undefined },
): readonly Drift[] {
  const create = indexSql(table, index, place, true);
  const drift = { table: table.name, name: index.name };
  if (found === undefined) return [{ ...drift, kind: 'missing_index', mend: [create] }];
  if (squeeze(found) === squeeze(described(table, index))) return [];
  // Among these is the invalid index that a build which was broken off leaves behind.
  const drop = `DROP INDEX CONCURRENTLY ${qualified(place, index.name)}`;
  return [{ ...drift, kind: 'different_index', mend: [drop, create] }];
}

// As the query above describes an index that is valid.
function described(table: TableSchema, index: IndexSchema): string {
  const keys = index.keys.map((key) => {
    if (key.startsWith('(')) return `${key.replace(/' *\) COLLATE "C"$/, "'::text)")} C`;
    return `${key} ${table.columns.find(({ name }) => name === key)?.type === 'text' ? 'C' : '-'}`;
  });
  return `true ${index.where ?? '-'} ${keys.join(',')}`;
}

// PostgreSQL prints an expression anew, with spaces and brackets of its own; quotes it drops where a name needs none.
function squeeze(sql: string): string {
  return sql.replaceAll(/[\s()"]+/g, '');
}

function byName(rows: readonly Row[]): ReadonlyMap<string, string> {
  return new Map(rows.map(([name, description]) => [String(name), String(description)]));
}
