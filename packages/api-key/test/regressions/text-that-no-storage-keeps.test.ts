import { createMemoryStorage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createApiKeys } from '../../src/index.js';

describe('createApiKeys', () => {
  it('refuses a name or reason with NUL or a lone surrogate as bad input, not as a broken record', async () => {
    const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
    for (const text of ['a\0b', '\ud800', 'x\udfff']) {
      await expect(keys.create({ owner: 'ada', name: text })).rejects.toMatchObject({ code: 'invalid_key_input' });
      const { record } = await keys.create({ owner: 'ada', name: 'fine 🙂' });
      await expect(keys.revoke(record.id, { reason: text })).rejects.toMatchObject({ code: 'invalid_key_input' });
    }
    await keys.close();
  });
});
