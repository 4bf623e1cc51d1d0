import {
  createEvents,
  createGuard,
  createMemoryStorage,
  type Events,
  type GuardEvents,
  type PrincipalOf,
} from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import {
  type ApiKeyEvents,
  type ApiKeyPrincipal,
  type ApiKeys,
  createApiKeys,
  createSecretScanningReceiver,
} from '../../src/index.js';

const storage = createMemoryStorage();
const defaults = createApiKeys({ storage, brand: 'acme', defaultScopes: [] });
const own = createApiKeys({
  storage,
  brand: 'acme',
  defaultScopes: 'unlimited',
  environments: ['prod', 'staging'],
  accept: ['staging'],
});

// Environments are the configured ones.
void defaults.create({ owner: 'ada', environment: 'test' });
void own.create({ owner: 'ada', environment: 'staging' });
// @ts-expect-error not an environment of these keys
void defaults.create({ owner: 'ada', environment: 'prod' });
// @ts-expect-error only what is in environments can be accepted
createApiKeys({ storage, brand: 'acme', defaultScopes: [], environments: ['prod'], accept: ['live'] });

// What must be said is asked for.
// @ts-expect-error the ceiling of a key without scopes is a decision
createApiKeys({ storage, brand: 'acme' });
// @ts-expect-error how long the old key goes on working is a decision
void defaults.rotate('id', {});
// @ts-expect-error a revocation has a reason
void defaults.revoke('id', {});
// @ts-expect-error an owner never changes: there `owner` only says whose key it must be
void defaults.update('id', { tenant: 'other' });
// @ts-expect-error a list is somebody's
void defaults.list({ limit: 10 });

// Principals: the default, and the application's own, inferred inside the array.
const plain = defaults.authenticator();
const mapped = own.authenticator({
  principal: (key) => ({ kind: 'user' as const, id: key.owner, stage: key.environment }),
});
type Plain = PrincipalOf<[typeof plain]>;
type Mapped = PrincipalOf<[typeof mapped]>;
const principal: Plain = { kind: 'api-key', id: 'ada', tenant: undefined, keyId: 'x', environment: 'live' };
const same: ApiKeyPrincipal<'live' | 'test'> = principal;
const user: Mapped = { kind: 'user', id: 'ada', stage: 'prod' };
// @ts-expect-error not an environment of these keys
const wrong: Mapped = { kind: 'user', id: 'ada', stage: 'live' };
// @ts-expect-error a principal has an id
own.authenticator({ principal: () => ({ kind: 'user' as const }) });

const policy = createPolicy({ permissions: ['a'], roles: {} });
const guard = createGuard({ authenticators: [plain], policy });
const check = guard.check;

// One stream for the guard and the keys.
const events = createEvents<ApiKeyEvents & GuardEvents>();
createApiKeys({ storage, brand: 'acme', defaultScopes: [], events });
declare const other: Events<GuardEvents>;
// @ts-expect-error a stream that knows no events of keys
createApiKeys({ storage, brand: 'acme', defaultScopes: [], events: other });

// Any keys fit where any are taken.
const any: ApiKeys = own;
createSecretScanningReceiver({ keys: any });
createSecretScanningReceiver({ keys: own });

// The answer is told apart by its outcome.
const result = await own.verify('text');
if (result.outcome === 'verified') {
  const environment: 'prod' | 'staging' = result.key.environment;
  void environment;
  // @ts-expect-error a good key has no denial
  void result.denial;
} else {
  const status: number = result.denial.status;
  void status;
}
// @ts-expect-error hashes stay in the storage
void (await own.get('id'))?.hash;

export { check, same, user, wrong };
