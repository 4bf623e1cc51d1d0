import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import {
  assertNotAborted,
  checkBatch,
  checkLimit,
  checkTouches,
  type Collection,
  type CollectionDefinition,
  compareRecords,
  compareText,
  type ConsumeOptions,
  consumeCounter,
  type CounterRule,
  type CounterState,
  checkCounterKey,
  createRecordRules,
  createVersion,
  decodeCursor,
  encodeCursor,
  freezeDeep,
  indexValue,
  invalidOption,
  invalidRecord,
  type Page,
  parseConsume,
  type Storage,
  StorageUnavailableError,
  type Stored,
  type StoredRecord,
} from '@portcullis/core/storage';

/** A line of the file: the new state of a record or of a counter; without one it is gone. */
type Line = readonly [collection: string, id: string, state?: Stored<StoredRecord> | CounterState];
const counters = '';

/** Records in memory, and every change as a line of a file before it counts. For one process and some thousand records. */
export function createFileStorage(path: string, clock: () => number = Date.now): Storage {
  const tables = new Map<string, Map<string, unknown>>();
  const tableOf = (name: string): Map<string, unknown> => {
    const table = tables.get(name) ?? new Map<string, unknown>();
    tables.set(name, table);
    return table;
  };
  const apply = ([name, id, state]: Line): void => {
    if (state === undefined) tableOf(name).delete(id);
    else tableOf(name).set(id, freezeDeep(state));
  };
  const whole = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // What stands after the last line's end was being written when the process died, and was never acknowledged.
  for (const line of whole.split('\n').slice(0, -1)) if (line !== '') apply(JSON.parse(line) as Line);
  const file = openSync(path, 'a', 0o600);
  const write = (line: Line): void => {
    try {
      writeSync(file, `\n${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw new StorageUnavailableError('The file cannot be written.', { cause });
    }
    apply(line);
  };

  const definitions = new Map<string, string>();
  function collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
    const rules = createRecordRules(definition);
    const indexes = [...rules.indexes].sort().join();
    if ((definitions.get(rules.name) ?? indexes) !== indexes)
      throw invalidOption('collection.indexes', `${rules.name} is in use with other indexes.`);
    definitions.set(rules.name, indexes);
    const table = tableOf(rules.name) as Map<string, Stored<T>>;
    const isLiving = ({ record }: Stored<T>): boolean => record.expiresAt === undefined || record.expiresAt > clock();
    const get = (id: string): Stored<T> | undefined => {
      const found = table.get(id);
      return found !== undefined && isLiving(found) ? found : undefined;
    };
    const put = (record: T, version: string): string => (write([rules.name, record.id, { record, version }]), version);
    const drop = (id: string): void => write([rules.name, id]);
    const withIndex = (index: string, value: string): Stored<T>[] => {
      rules.assertIndex(index);
      return [...table.values()].filter(({ record }) => indexValue(record, index) === value);
    };
    const pageOf = (found: Stored<T>[], limit: number): Page<Stored<T>> => {
      const last = found.length > limit ? found[limit - 1] : undefined;
      return { items: found.slice(0, limit), ...(last && { cursor: encodeCursor(last.record) }) };
    };
    return {
      create(record, call) {
        assertNotAborted(call);
        const data = rules.parse(record);
        return get(data.id) === undefined ? put(data, createVersion()) : undefined;
      },
      get: (id, call) => (assertNotAborted(call), get(id)),
      update(id, version, record, call) {
        assertNotAborted(call);
        const data = rules.parse(record);
        if (data.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
        const found = get(id);
        if (found?.version !== version) return undefined;
        rules.assertSameIdentity(found.record, data);
        const touchedAt = Math.max(found.record.touchedAt ?? 0, data.touchedAt ?? 0);
        return put(touchedAt === 0 ? data : { ...data, touchedAt }, createVersion());
      },
      touch(touches, call) {
        assertNotAborted(call);
        checkTouches(rules.name, touches);
        for (const { id, ...touch } of touches) {
          const found = get(id);
          if (found === undefined) continue;
          const touchedAt = Math.max(found.record.touchedAt ?? 0, touch.touchedAt);
          const { expiresAt } = found.record; // without one it stays without
          const until = expiresAt === undefined ? {} : { expiresAt: Math.max(expiresAt, touch.expiresAt ?? 0) };
          put({ ...found.record, touchedAt, ...until }, found.version);
        }
      },
      take(id, call) {
        assertNotAborted(call);
        const found = get(id);
        if (table.has(id)) drop(id);
        return found?.record;
      },
      delete(id, call) {
        assertNotAborted(call);
        const found = get(id);
        if (!table.has(id) || (call?.version ?? table.get(id)?.version) !== table.get(id)?.version) return false;
        drop(id);
        return found !== undefined;
      },
      list({ index, value, cursor, limit }, call) {
        assertNotAborted(call);
        checkLimit(limit);
        const from = cursor === undefined ? undefined : decodeCursor(cursor);
        const found = withIndex(index, value).filter(
          (one) => isLiving(one) && (!from || compareRecords(one.record, from) < 0),
        );
        return pageOf(
          found.sort((a, b) => compareRecords(b.record, a.record)),
          limit,
        );
      },
      deleteWhere(index, value, call) {
        assertNotAborted(call);
        const doomed = withIndex(index, value).filter(({ record }) => record.id !== call?.except);
        for (const { record } of doomed) drop(record.id);
        return doomed.filter(isLiving).length;
      },
      scan({ cursor, limit }, call) {
        assertNotAborted(call);
        checkLimit(limit);
        const after = cursor === undefined ? '' : decodeCursor(cursor).id;
        const found = [...table.values()].filter((one) => isLiving(one) && compareText(one.record.id, after) > 0);
        return pageOf(
          found.sort((a, b) => compareText(a.record.id, b.record.id)),
          limit,
        );
      },
      deleteExpired(limit, call) {
        assertNotAborted(call);
        checkBatch(limit);
        const expired = [...table.values()].filter((one) => !isLiving(one)).slice(0, limit);
        for (const { record } of expired) drop(record.id);
        return expired.length;
      },
    };
  }

  return {
    collection,
    counters: {
      consume(key: string, rule: CounterRule, options?: ConsumeOptions) {
        assertNotAborted(options);
        const before = tableOf(counters).get(key) as CounterState | undefined;
        const step = consumeCounter(before, { ...parseConsume(key, rule, options), now: clock() });
        if (step.state !== undefined) write([counters, key, step.state]);
        return step.consumption;
      },
      reset(key, call) {
        assertNotAborted(call);
        checkCounterKey(key);
        write([counters, key]);
      },
    },
    // A line survives this process, but not a power failure: nothing waits for the disk.
    capabilities: { shared: false, durable: false, bus: false },
    close: () => closeSync(file),
  };
}
