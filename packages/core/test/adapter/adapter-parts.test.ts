import { describe, expect, it } from 'vitest';
import {
  coversOthers,
  createRouteList,
  isPassive,
  markGuard,
  markPassive,
  outcomeFields,
  pathParameter,
  readRequireArguments,
  requirementOf,
} from '../../src/adapter/index.js';
import type { Outcome } from '../../src/index.js';

describe('marks on middleware', () => {
  it('tell guards, passive middleware and others apart, through wrappers that copy properties', () => {
    const guard = markGuard(() => undefined, { kind: 'open' });
    const passive = markPassive(() => undefined);
    const wrapped = Object.assign(() => undefined, guard);
    expect([guard, wrapped, passive, () => 1, null].map(requirementOf)).toEqual([
      { kind: 'open' },
      { kind: 'open' },
      undefined,
      undefined,
      undefined,
    ]);
    expect([guard, passive, () => 1, 'x'].map(isPassive)).toEqual([false, true, false, false]);
  });

  it('let a guard cover others only if it refuses anonymous callers', () => {
    expect(coversOthers({ kind: 'authenticated' })).toBe(true);
    expect(coversOthers({ kind: 'permission', permission: 'a' })).toBe(true);
    expect([coversOthers({ kind: 'open' }), coversOthers({ kind: 'optional' }), coversOthers(undefined)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('createRouteList', () => {
  it('gives opaque entries of one name names of their own', () => {
    const list = createRouteList();
    list.opaque('*', 'static');
    list.route('GET', '/a', undefined);
    list.opaque('*', 'static');
    expect(list.entries.map(({ path, state }) => [path, state])).toEqual([
      ['static', 'opaque'],
      ['/a', 'closed'],
      ['static #2', 'opaque'],
    ]);
  });
});

describe('readRequireArguments', () => {
  const load = (): string => 'x';

  it('tells a loader from options', () => {
    const permission = 'posts:read';
    expect(readRequireArguments(permission, [])).toEqual({
      requirement: { kind: 'permission', permission },
      load: undefined,
    });
    expect(readRequireArguments(permission, [{ maxAge: 1 }])).toEqual({
      requirement: { kind: 'permission', permission, maxAge: 1 },
      load: undefined,
    });
    expect(readRequireArguments(permission, [load, { conceal: true }])).toEqual({
      requirement: { kind: 'permission', permission, conceal: true, loads: true },
      load,
    });
  });

  it('cannot be talked into another requirement by its options', () => {
    const options = { kind: 'open', permission: 'other', loads: false };
    expect(readRequireArguments('posts:read', [load, options]).requirement).toEqual({
      kind: 'permission',
      permission: 'posts:read',
      loads: true,
    });
  });

  it.each([[['posts']], [[null]], [[load, 'x']], [[load, {}, {}]], [[{}, load]]])('refuses %j', (rest) => {
    expect(() => readRequireArguments('posts:read', rest)).toThrow(/^require: /);
  });
});

describe('pathParameter', () => {
  it('refuses to take a missing or repeated parameter for a value', () => {
    expect(pathParameter('1', 'id')).toBe('1');
    for (const value of [undefined, ['1'], 1]) expect(() => pathParameter(value, 'id')).toThrow(/no parameter "id"/);
  });
});

describe('outcomeFields', () => {
  it('keeps fields of one name apart', () => {
    const headers = ['a=1', 'b=2', 'c=3'].map((value) => ['set-cookie', value] as const);
    const outcome = { headers: [...headers, ['retry-after', '1']] } as unknown as Outcome;
    expect(outcomeFields(outcome)).toEqual({ 'set-cookie': ['a=1', 'b=2', 'c=3'], 'retry-after': '1' });
  });
});
