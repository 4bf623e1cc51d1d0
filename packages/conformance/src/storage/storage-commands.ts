// oxlint-disable vitest/no-standalone-expect -- commands run inside the test that asks for the model's agreement
import fc from 'fast-check';
import { expect } from 'vitest';
import { type ConformanceItem, type StorageContext, listAll } from './storage-case.js';
import type { StorageModel } from './storage-model.js';

/** The storage under test, and what one run's ids and owners begin with. */
export interface StorageSystem extends StorageContext {
  readonly prefix: string;
}

type Command = fc.AsyncCommand<StorageModel, StorageSystem>;

const idOf = fc.constantFrom('a', 'b', 'c', 'd');
const ownerOf = fc.constantFrom('o', 'p');
const lifetime = fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined });
const age = fc.integer({ min: 0, max: 5 });

// Any version that an id ever had, the last more often than the others.
const pick = fc.oneof(fc.constant(0), fc.nat({ max: 6 }));
const versionOf = (model: StorageModel, id: string, back: number): string => model.versions(id).at(-1 - back) ?? 'none';

function command(text: string, run: (model: StorageModel, system: StorageSystem) => Promise<void>): Command {
  return { check: () => true, run, toString: () => text };
}

async function agree(model: StorageModel, system: StorageSystem, id: string): Promise<void> {
  expect(await system.items.get(id)).toEqual(model.get(id, system.now()));
}

const create = fc.record({ id: idOf, owner: ownerOf, life: lifetime, age, data: fc.nat() }).map((given) =>
  command(`create ${JSON.stringify(given)}`, async (model, system) => {
    const id = system.prefix + given.id;
    const now = system.now();
    const record: ConformanceItem = {
      id,
      owner: system.prefix + given.owner,
      createdAt: now - given.age,
      data: given.data,
      ...(given.life === undefined ? {} : { expiresAt: now + given.life }),
    };
    const version = await system.items.create(record);
    expect(version !== undefined).toBe(model.get(id, now) === undefined);
    if (version === undefined) return;
    expect(model.versions(id)).not.toContain(version);
    model.put(record, version);
    await agree(model, system, id);
  }),
);

const update = fc
  .record({ id: idOf, back: pick, life: lifetime, touched: fc.option(age, { nil: undefined }), data: fc.nat() })
  .map((given) =>
    command(`update ${JSON.stringify(given)}`, async (model, system) => {
      const id = system.prefix + given.id;
      const now = system.now();
      const current = model.get(id, now);
      const basis = current?.record ?? { id, owner: system.prefix, createdAt: now };
      const record: ConformanceItem = {
        id,
        owner: basis.owner,
        createdAt: basis.createdAt,
        data: given.data,
        ...(given.life === undefined ? {} : { expiresAt: now + given.life }),
        ...(given.touched === undefined ? {} : { touchedAt: now - given.touched }),
      };
      const from = versionOf(model, id, given.back);
      const version = await system.items.update(id, from, record);
      expect(version !== undefined).toBe(current !== undefined && current.version === from);
      if (version === undefined) return;
      expect(model.versions(id)).not.toContain(version);
      model.update(record, version);
      await agree(model, system, id);
    }),
  );

const touch = fc.record({ id: idOf, at: fc.integer({ min: -10, max: 10 }), life: lifetime }).map((given) =>
  command(`touch ${JSON.stringify(given)}`, async (model, system) => {
    const id = system.prefix + given.id;
    const now = system.now();
    const expiresAt = given.life === undefined ? undefined : now + given.life;
    await system.items.touch([{ id, touchedAt: now + given.at, expiresAt }]);
    model.touch(id, now + given.at, expiresAt, now);
    await agree(model, system, id);
  }),
);

const take = idOf.map((name) =>
  command(`take ${name}`, async (model, system) => {
    const id = system.prefix + name;
    expect(await system.items.take(id)).toEqual(model.get(id, system.now())?.record);
    model.remove(id);
    await agree(model, system, id);
  }),
);

const remove = fc.record({ id: idOf, back: fc.option(pick, { nil: undefined }) }).map((given) =>
  command(`delete ${JSON.stringify(given)}`, async (model, system) => {
    const id = system.prefix + given.id;
    const current = model.get(id, system.now());
    const version = given.back === undefined ? undefined : versionOf(model, id, given.back);
    const expected = current !== undefined && (version === undefined || version === current.version);
    expect(await system.items.delete(id, version === undefined ? {} : { version })).toBe(expected);
    if (expected) model.remove(id);
    await agree(model, system, id);
  }),
);

const removeWhere = fc.record({ owner: ownerOf, except: fc.option(idOf, { nil: undefined }) }).map((given) =>
  command(`deleteWhere ${JSON.stringify(given)}`, async (model, system) => {
    const owner = system.prefix + given.owner;
    const except = given.except === undefined ? undefined : system.prefix + given.except;
    const doomed = model.owned(owner, system.now()).filter(({ record }) => record.id !== except);
    expect(await system.items.deleteWhere('owner', owner, except === undefined ? {} : { except })).toBe(doomed.length);
    for (const { record } of doomed) model.remove(record.id);
    expect(await listAll(system.items, 'owner', owner)).toEqual(
      model.owned(owner, system.now()).map(({ record }) => record),
    );
  }),
);

const list = fc.record({ owner: ownerOf, limit: fc.integer({ min: 1, max: 4 }) }).map((given) =>
  command(`list ${JSON.stringify(given)}`, async (model, system) => {
    const owner = system.prefix + given.owner;
    const expected = model.owned(owner, system.now());
    expect(await listAll(system.items, 'owner', owner, given.limit)).toEqual(expected.map(({ record }) => record));
    const page = await system.items.list({ index: 'owner', value: owner, limit: 1000 });
    expect(page.items).toEqual(expected);
  }),
);

const wait = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(2 * 3_600_000)).map((ms) =>
  command(`wait ${ms}`, async (model, system) => {
    system.advance(ms);
    for (const name of ['a', 'b', 'c', 'd']) await agree(model, system, system.prefix + name);
  }),
);

const sweep = fc.integer({ min: 1, max: 10 }).map((limit) =>
  command(`deleteExpired ${limit}`, async (model, system) => {
    expect(await system.items.deleteExpired(limit)).toBeLessThanOrEqual(limit);
    for (const name of ['a', 'b', 'c', 'd']) await agree(model, system, system.prefix + name);
  }),
);

/** Any sequence of calls on a handful of ids, with the clock moving in between. */
export const storageCommands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [create, create, create, update, update, touch, take, remove, removeWhere, list, wait, sweep],
  { maxCommands: 40 },
);
