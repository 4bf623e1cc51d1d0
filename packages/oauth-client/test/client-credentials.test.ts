import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createClientCredentials } from '../src/tokens/client-credentials.js';
import { bindConnection, createDpopKey } from '../src/tokens/dpop-key.js';
import { refusal, tokenEndpoint } from './support/token-endpoint.js';

function counting(more: object = {}) {
  let serial = 0;
  return () => ({ access_token: `t${++serial}`, token_type: 'Bearer', expires_in: 600, ...more });
}

describe('createClientCredentials', () => {
  it(`asks once for all callers, and once for each issuer, client, scope and resource ${requirement('O14')}`, async () => {
    const { connection, asked } = tokenEndpoint(counting());
    const machine = createClientCredentials(connection);
    const got = await Promise.all(Array.from({ length: 50 }, () => machine.token({ scopes: ['b', 'a'] })));
    expect(new Set(got.map(({ token }) => token.reveal()))).toEqual(new Set(['t1']));
    await machine.token({ scopes: ['a', 'b', 'a'] });
    expect(asked).toHaveLength(1);
    await machine.token({ scopes: ['a'] });
    await machine.token({ scopes: ['a'], resource: 'https://api.example.com' });
    await machine.token({ scopes: ['a'], resource: ['https://api.example.com', 'https://two.example.com'] });
    await machine.token({ scopes: ['a'], parameters: { audience: 'x' } });
    expect(asked).toHaveLength(5);
    expect(asked[3]?.form.getAll('resource')).toEqual(['https://api.example.com', 'https://two.example.com']);
    expect(JSON.stringify(got)).not.toContain('t1');
  });

  it('renews a minute early, and serves the old token to its end when that fails', async () => {
    let up = true;
    const answer = counting();
    const { connection, asked, clock } = tokenEndpoint(() => (up ? answer() : refusal('temporarily_unavailable', 503)));
    const machine = createClientCredentials(connection);
    const read = async (): Promise<string> => (await machine.token()).token.reveal();
    expect(await read()).toBe('t1');
    clock.advance(539_999);
    expect(await read()).toBe('t1');
    clock.advance(1);
    up = false;
    for (let call = 0; call < 10; call++) expect(await read()).toBe('t1');
    expect(asked).toHaveLength(2);
    clock.advance(5_000);
    expect(await read()).toBe('t1');
    expect(asked).toHaveLength(3);
    clock.advance(55_000);
    await expect(machine.token()).rejects.toMatchObject({ code: 'provider_unavailable', status: 503 });
    up = true;
    expect(await read()).toBe('t2');
  });

  it('keeps a token of a short life for four fifths of it, and one of no stated end for five minutes', async () => {
    const short = tokenEndpoint(counting({ expires_in: 10 }));
    const machine = createClientCredentials(short.connection);
    await machine.token();
    short.clock.advance(7_999);
    await machine.token();
    expect(short.asked).toHaveLength(1);
    short.clock.advance(1);
    await machine.token();
    expect(short.asked).toHaveLength(2);

    const endless = tokenEndpoint(counting({ expires_in: undefined }));
    const other = createClientCredentials(endless.connection);
    await other.token();
    endless.clock.advance(300_000);
    await other.token();
    expect(endless.asked).toHaveLength(2);
  });

  it('keeps as many tokens as it may, and forgets the least used', async () => {
    const { connection, asked } = tokenEndpoint(counting());
    const machine = createClientCredentials(connection, { maxTokens: 2 });
    for (const scope of ['a', 'b', 'a', 'c', 'a']) await machine.token({ scopes: [scope] });
    expect(asked).toHaveLength(3);
    await machine.token({ scopes: ['b'] });
    expect(asked).toHaveLength(4);
    expect(() => createClientCredentials(connection, { maxTokens: 0 })).toThrow(/maxTokens/);
  });

  it('lets no parameter of the application replace one of its own', async () => {
    const { connection, asked } = tokenEndpoint(counting());
    const machine = createClientCredentials(connection);
    for (const name of ['grant_type', 'client_id', 'client_secret', 'client_assertion', 'scope', 'resource']) {
      await expect(machine.token({ parameters: { [name]: 'x' } })).rejects.toMatchObject({ code: 'invalid_option' });
    }
    expect(asked).toEqual([]);
  });

  it(`takes no token of another type than it can use ${requirement('O17', 'B8')}`, async () => {
    const key = await createDpopKey();
    for (const [type, isBound, taken] of [
      ['BEARER', false, true],
      ['mac', false, false],
      ['N_A', false, false],
      ['DPoP', false, false],
      ['Bearer', true, false],
      ['dpop', true, true],
    ] as const) {
      const { connection } = tokenEndpoint(() => ({ access_token: 'a', token_type: type, expires_in: 60 }));
      const machine = createClientCredentials(isBound ? bindConnection(connection, key) : connection);
      const result = machine.token();
      if (taken) expect((await result).type).toBe(isBound ? 'dpop' : 'bearer');
      else await expect(result).rejects.toMatchObject({ code: 'provider_misbehaved' });
    }
  });

  it('lets one caller stop waiting', async () => {
    const { connection } = tokenEndpoint(counting());
    const machine = createClientCredentials(connection);
    const stopped = machine.token({}, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect((await machine.token()).token.reveal()).toBe('t1');
  });
});
