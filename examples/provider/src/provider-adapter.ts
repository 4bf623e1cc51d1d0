import { type Collection, type CollectionDefinition, modify, type Storage, type StoredRecord } from '@portcullis/core';
import type { Adapter, AdapterPayload } from 'oidc-provider';

interface ProviderRecord extends StoredRecord {
  readonly grantId: string;
  readonly uid: string;
  readonly payload: AdapterPayload;
}

const definition: CollectionDefinition<ProviderRecord> = { name: 'oidc_provider', indexes: ['grantId', 'uid'] };

/** What oidc-provider has to remember (codes, tokens, grants, its own sessions), kept in a Portcullis storage. */
export function createProviderAdapter(storage: Storage, clock: () => number = Date.now): (model: string) => Adapter {
  const records = storage.collection(definition);
  return (model) => adapterOf(records, model, clock);
}

function adapterOf(records: Collection<ProviderRecord>, model: string, clock: () => number): Adapter {
  const key = (id: string): string => `${model}:${id}`;
  return {
    async upsert(id, payload, expiresIn) {
      const expires = expiresIn === undefined ? {} : { expiresAt: clock() + expiresIn * 1000 };
      // An index needs a value: who has none stands alone.
      const grantId = payload.grantId === undefined || model === 'Interaction' ? key(id) : payload.grantId;
      const uid = payload.uid ?? key(id);
      await modify(records, key(id), (current) => ({
        id: key(id),
        createdAt: current?.createdAt ?? clock(),
        grantId: current?.grantId ?? grantId,
        uid: current?.uid ?? uid,
        payload,
        ...expires,
      }));
    },
    async find(id) {
      return (await records.get(key(id)))?.record.payload;
    },
    async findByUid(uid) {
      const { items } = await records.list({ index: 'uid', value: uid, limit: 1 });
      return items[0]?.record.payload;
    },
    // For the device flow, which is off.
    async findByUserCode() {
      return undefined;
    },
    async consume(id) {
      const consumed = Math.floor(clock() / 1000);
      await modify(records, key(id), (current) => current && { ...current, payload: { ...current.payload, consumed } });
    },
    async destroy(id) {
      await records.delete(key(id));
    },
    async revokeByGrantId(grantId) {
      await records.deleteWhere('grantId', grantId);
    },
  };
}
