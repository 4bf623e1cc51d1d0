import { describe, expect, it } from 'vitest';
import { admit, authOf, createGuardState, exchangeOf, optionalAuthOf, resourceOf } from '../../src/adapter/index.js';
import type { Allowed, Authentication, Exchange, Requirement } from '../../src/index.js';

const appended: string[][] = [];
const exchange = { response: { append: (...field: string[]) => appended.push(field) } } as unknown as Exchange;
const auth = { principal: { kind: 'user', id: 'ada' } } as Authentication;
const allowed = (over: object = {}): Allowed<never, never, unknown> =>
  ({ allowed: true, auth, resource: undefined, headers: [], ...over }) as never;
const deletion: Requirement = { kind: 'permission', permission: 'posts:delete' };
const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('the state of a request', () => {
  it('says that no guard ran', () => {
    for (const state of [undefined, createGuardState(exchange)]) {
      for (const read of [authOf, optionalAuthOf, exchangeOf]) expect(() => read(state)).toThrow(code('guard_missing'));
      expect(() => resourceOf(state, 'posts:delete')).toThrow(code('guard_missing'));
    }
  });

  it('gives what the guard allowed, and sends its fields', () => {
    const state = createGuardState(exchange);
    admit(state, deletion, allowed({ resource: 'the post', headers: [['x-a', '1']] }));
    expect([authOf(state), optionalAuthOf(state), exchangeOf(state)]).toEqual([auth, auth, exchange]);
    expect(resourceOf(state, 'posts:delete')).toBe('the post');
    expect(appended).toEqual([['x-a', '1']]);
  });

  it('asks for a credential where an optional route has no caller', () => {
    const state = createGuardState(exchange);
    admit(state, { kind: 'optional' }, allowed({ auth: undefined }));
    expect(optionalAuthOf(state)).toBeUndefined();
    expect(() => authOf(state)).toThrow(code('credential_missing'));
  });

  it('keeps the caller through an open route behind a guard', () => {
    const state = createGuardState(exchange);
    admit(state, { kind: 'authenticated' }, allowed());
    admit(state, { kind: 'open' }, allowed({ auth: undefined }));
    expect(authOf(state)).toBe(auth);
  });

  it('gives no resource of another permission, nor one that an earlier guard loaded', () => {
    const state = createGuardState(exchange);
    admit(state, deletion, allowed({ resource: 'the post' }));
    expect(() => resourceOf(state, 'posts:read')).toThrow(code('guard_missing'));
    admit(state, deletion, allowed());
    expect(() => resourceOf(state, 'posts:delete')).toThrow(code('guard_missing'));
  });
});
