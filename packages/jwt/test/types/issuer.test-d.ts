import { createMemoryStorage, type Secret } from '@portcullis/core';
import {
  createJwtVerifier,
  createSigningKeys,
  createTokenIssuer,
  fixedSigningKeys,
  type TokenIssuer,
} from '@portcullis/jwt';

declare const tokens: TokenIssuer;
const ring = { current: 'k1', keys: { k1: new Uint8Array(32) } };
const storage = createMemoryStorage();

// A refusal is a value: its tokens cannot be reached before `ok` was looked at.
const result = await tokens.refresh('token', { clientId: 'app' });
// @ts-expect-error -- a refused refresh has no tokens
void result.tokens;
if (result.ok) result.tokens.accessToken satisfies Secret;
else result.error satisfies 'invalid_grant' | 'invalid_scope';

const issued = await tokens.issue({ subject: 'ada', clientId: 'app', scope: [] });
// @ts-expect-error -- a secret is no string: it has to be revealed
issued.accessToken satisfies string;
issued.reveal().access_token satisfies string;

// @ts-expect-error -- a token for nobody in particular is for everybody
createTokenIssuer({
  issuer: 'https://auth.example.com',
  keys: createSigningKeys({ storage, encryptionKeys: ring }),
  storage,
  refresh: { keys: ring },
});
// @ts-expect-error -- none is no algorithm
createSigningKeys({ storage, encryptionKeys: ring, algorithm: 'none' });
// @ts-expect-error -- a login needs a client
void tokens.issue({ subject: 'ada', scope: [] });

// An issuer in the same process is a verifier's key source as it is.
createJwtVerifier({
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  algorithms: ['EdDSA'],
  keys: fixedSigningKeys({ current: { algorithm: 'EdDSA', key: { kty: 'OKP' } } }),
  revocations: tokens.revocations,
});
