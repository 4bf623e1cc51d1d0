import { createMemoryStorage } from '@portcullis/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createApp, type Invoice, type Role } from '../snippets/guide/multi-tenant.js';

const origin = 'https://app.example.com';
const invoices = new Map<string, Invoice>([
  ['1', { id: '1', tenant: 'acme' }],
  ['2', { id: '2', tenant: 'globex' }],
]);

describe('the guide on tenants', () => {
  let table: Record<string, Record<string, Role[]>>;
  let app: ReturnType<typeof createApp>;
  beforeEach(() => {
    table = { ada: { acme: ['owner'], globex: ['member'] }, sam: { '': ['operator'] } };
    const rolesOf = (user: string, tenant: string | undefined) => table[user]?.[tenant ?? ''] ?? [];
    app = createApp(createMemoryStorage(), { rolesOf }, invoices);
  });

  async function browser(user: string) {
    let cookie = '';
    const send = async (path: string, method = 'GET') => {
      const response = await app.app.request(`${origin}${path}`, { method, headers: { cookie, origin } });
      const [field] = response.headers.getSetCookie();
      if (field !== undefined) cookie = field.split(';')[0] ?? '';
      return [response.status, response.status === 200 ? ((await response.json()) as unknown) : undefined] as const;
    };
    await send(`/sign-in/${user}`, 'POST');
    return send;
  }

  it('shows the organisation that was chosen, and no other', async () => {
    const ada = await browser('ada');
    expect((await ada('/invoices/1'))[0]).toBe(403);
    expect((await ada('/organisation/acme', 'POST'))[0]).toBe(204);
    expect(await ada('/invoices/1')).toEqual([200, invoices.get('1')]);
    expect((await ada('/invoices/2'))[0]).toBe(404);
    expect(await ada('/invoices')).toEqual([200, [invoices.get('1')]]);
    expect((await ada('/organisation/globex', 'POST'))[0]).toBe(204);
    expect(await ada('/invoices/2')).toEqual([200, invoices.get('2')]);
    expect((await ada('/invoices/1'))[0]).toBe(404);
  });

  it('lets nobody into an organisation that they do not belong to', async () => {
    expect((await (await browser('ada'))('/organisation/initech', 'POST'))[0]).toBe(404);
  });

  it('a member who was removed is out with the next request', async () => {
    const ada = await browser('ada');
    await ada('/organisation/acme', 'POST');
    expect((await ada('/invoices/1'))[0]).toBe(200);
    table['ada'] = {};
    expect((await ada('/invoices/1'))[0]).toBe(403);
  });

  it('shares what belongs to nobody', async () => {
    const ada = await browser('ada');
    await ada('/organisation/acme', 'POST');
    expect(await ada('/rates')).toEqual([200, { eur: 1 }]);
  });

  it('lets an operator, who has no tenant, look into each', async () => {
    const sam = await browser('sam');
    expect((await sam('/invoices/1'))[0]).toBe(200);
    expect((await sam('/invoices/2'))[0]).toBe(200);
  });

  it('a key belongs to one organisation; one without is nobody’s', async () => {
    const call = async (tenant?: string) => {
      const { key } = await app.keys.create({ owner: 'ada', ...(tenant === undefined ? {} : { tenant }) });
      const headers = { authorization: `Bearer ${key.reveal()}` };
      return Promise.all(['1', '2'].map(async (id) => (await app.app.request(`/invoices/${id}`, { headers })).status));
    };
    expect(await call('acme')).toEqual([200, 404]);
    expect(await call()).toEqual([403, 403]);
    // An operator's key gives no way across, because a key's principal always has a tenant.
    const { key } = await app.keys.create({ owner: 'sam' });
    const headers = { authorization: `Bearer ${key.reveal()}` };
    expect((await app.app.request('/invoices/1', { headers })).status).toBe(403);
  });
});
