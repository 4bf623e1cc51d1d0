import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import * as core from '@portcullis/core/storage';

/** A line of the file: the new state of a record or of a counter; without one it is gone. */
type Line = readonly [collection: string, id: string, state?: core.Stored<core.StoredRecord> | core.CounterState];
const counters = '';

/** Records in memory, and every change as a line of a file before it counts. For one process and some thousand records. */
export function createFileStorage(path: string, clock: () => number = Date.now): core.Storage {
  const tables = new Map<string, Map<string, unknown>>();
  const tableOf = (name: string): Map<string, unknown> => {
    const table = tables.get(name) ?? new Map<string, unknown>();
    tables.set(name, table);
    return table;
  };
  const apply = ([name, id, state]: Line): void => {
    if (state === undefined) tableOf(name).delete(id);
    else tableOf(name).set(id, core.freezeDeep(state));
  };
  const whole = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // What stands after the last line's end was being written when the process died, and was never acknowledged.
  for (const line of whole.split('\n').slice(0, -1)) if (line !== '') apply(JSON.parse(line) as Line);
  const file = openSync(path, 'a', 0o600);
  const write = (line: Line): void => {
    try {
      writeSync(file, `\n${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw new core.StorageUnavailableError('The file cannot be written.', { cause });
    }
    apply(line);
  };

  const definitions = new Map<string, string>();
  function collection<T extends core.StoredRecord>(definition: core.CollectionDefinition<T>): core.Collection<T> {
    const rules = core.createRecordRules(definition);
    const indexes = [...rules.indexes].sort().join();
    if ((definitions.get(rules.name) ?? indexes) !== indexes)
      throw core.invalidOption('collection.indexes', `${rules.name} is in use with other indexes.`);
    definitions.set(rules.name, indexes);
    const table = tableOf(rules.name) as Map<string, core.Stored<T>>;
    const isLiving = ({ record }: core.Stored<T>): boolean =>
      record.expiresAt === undefined || record.expiresAt > clock();
    const get = (id: string): core.Stored<T> | undefined => {
      const found = table.get(id);
      return found !== undefined && isLiving(found) ? found : undefined;
    };
    const put = (record: T, version: string): string => (write([rules.name, record.id, { record, version }]), version);
    const drop = (id: string): void => write([rules.name, id]);
    const withIndex = (index: string, value: string): core.Stored<T>[] => {
      rules.assertIndex(index);
      return [...table.values()].filter(({ record }) => core.indexValue(record, index) === value);
    };
    const pageOf = (found: core.Stored<T>[], limit: number): core.Page<core.Stored<T>> => {
      const last = found.length > limit ? found[limit - 1] : undefined;
      return { items: found.slice(0, limit), ...(last && { cursor: core.encodeCursor(last.record) }) };
    };
    return {
      create(record, call) {
        core.assertNotAborted(call);
        const data = rules.parse(record);
        return get(data.id) === undefined ? put(data, core.createVersion()) : undefined;
      },
      get: (id, call) => (core.assertNotAborted(call), get(id)),
      update(id, version, record, call) {
        core.assertNotAborted(call);
        const data = rules.parse(record);
        if (data.id !== id) throw core.invalidRecord(rules.name, 'the record to update has another id.');
        const found = get(id);
        if (found?.version !== version) return undefined;
        rules.assertSameIdentity(found.record, data);
        const touchedAt = Math.max(found.record.touchedAt ?? 0, data.touchedAt ?? 0);
        return put(touchedAt === 0 ? data : { ...data, touchedAt }, core.createVersion());
      },
      touch(touches, call) {
        core.assertNotAborted(call);
        core.checkTouches(rules.name, touches);
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
        core.assertNotAborted(call);
        const found = get(id);
        if (table.has(id)) drop(id);
        return found?.record;
      },
      delete(id, call) {
        core.assertNotAborted(call);
        const found = get(id);
        if (!table.has(id) || (call?.version ?? table.get(id)?.version) !== table.get(id)?.version) return false;
        drop(id);
        return found !== undefined;
      },
      list({ index, value, cursor, limit }, call) {
        core.assertNotAborted(call);
        core.checkLimit(limit);
        const from = cursor === undefined ? undefined : core.decodeCursor(cursor);
        const found = withIndex(index, value).filter(
          (one) => isLiving(one) && (!from || core.compareRecords(one.record, from) < 0),
        );
        found.sort((a, b) => core.compareRecords(b.record, a.record));
        return pageOf(found, limit);
      },
      deleteWhere(index, value, call) {
        core.assertNotAborted(call);
        const doomed = withIndex(index, value).filter(({ record }) => record.id !== call?.except);
        for (const { record } of doomed) drop(record.id);
        return doomed.filter(isLiving).length;
      },
      scan({ cursor, limit }, call) {
        core.assertNotAborted(call);
        core.checkLimit(limit);
        const after = cursor === undefined ? '' : core.decodeCursor(cursor).id;
        const found = [...table.values()].filter((one) => isLiving(one) && core.compareText(one.record.id, after) > 0);
        found.sort((a, b) => core.compareText(a.record.id, b.record.id));
        return pageOf(found, limit);
      },
      deleteExpired(limit, call) {
        core.assertNotAborted(call);
        core.checkBatch(limit);
        const expired = [...table.values()].filter((one) => !isLiving(one)).slice(0, limit);
        for (const { record } of expired) drop(record.id);
        return expired.length;
      },
    };
  }

  return {
    collection,
    counters: {
      consume(key, rule, options) {
        core.assertNotAborted(options);
        const before = tableOf(counters).get(key) as core.CounterState | undefined;
        const step = core.consumeCounter(before, { ...core.parseConsume(key, rule, options), now: clock() });
        if (step.state !== undefined) write([counters, key, step.state]);
        return step.consumption;
      },
      reset(key, call) {
        core.assertNotAborted(call);
        core.checkCounterKey(key);
        write([counters, key]);
      },
    },
    // A line survives this process, but not a power failure: nothing waits for the disk.
    capabilities: { shared: false, durable: false, bus: false },
    close: () => closeSync(file),
  };
}
