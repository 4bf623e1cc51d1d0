import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { createJwtSigner, createJwtVerifier, fixedSigningKeys } from '@portcullis/jwt';
import { createSigner, createVerifier } from 'fast-jwt';
import { verify as honoVerify } from 'hono/jwt';
import { jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { type Contender, duel, fresh } from './duel.js';

type Algorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

const issuer = 'https://auth.example.com/';
const audience = 'https://api.example.com';
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function claims(i: number): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    sub: `user_01HZX3V9Q4M7K2T8${String(i).padStart(6, '0')}`,
    aud: audience,
    exp: now + 86_400,
    iat: now - 5,
    nbf: now - 5,
    jti: randomUUID(),
    client_id: 'web-dashboard',
    scope: 'openid profile read:orders write:orders',
    roles: ['admin', 'billing'],
  };
}

interface Keys {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

function makeKeys(algorithm: Algorithm): Keys {
  if (algorithm === 'HS256') {
    const secret = createSecretKey(randomBytes(32));
    return { signing: secret, verifying: secret };
  }
  const pair =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return { signing: pair.privateKey, verifying: pair.publicKey };
}

/** The bare work: one signature check or one signature, and the JSON. */
function primitives(algorithm: Algorithm, { signing, verifying }: Keys) {
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  const dsaEncoding = 'ieee-p1363';
  const mac = (input: string): string => createHmac('sha256', signing).update(input).digest('base64url');
  const sign = (input: string): string =>
    algorithm === 'HS256'
      ? mac(input)
      : signBytes(hash, Buffer.from(input, 'latin1'), { key: signing, dsaEncoding }).toString('base64url');
  const check = (input: string, signature: string): boolean =>
    algorithm === 'HS256'
      ? mac(input) === signature
      : verifyBytes(
          hash,
          Buffer.from(input, 'latin1'),
          { key: verifying, dsaEncoding },
          Buffer.from(signature, 'base64url'),
        );
  return { sign, check };
}

const goals = { HS256: 1.25, RS256: 1.15, ES256: 1.05, EdDSA: 1.05 } as const;

async function verifying(algorithm: Algorithm): Promise<void> {
  const keys = makeKeys(algorithm);
  const { sign, check } = primitives(algorithm, keys);
  // Plain `JWT`, because hono/jwt takes no other type.
  const header = encode({ alg: algorithm, typ: 'JWT' });
  const tokens = Array.from({ length: 256 }, (_, i) => {
    const input = `${header}.${encode(claims(i))}`;
    return `${input}.${sign(input)}`;
  });
  const bare = (token: string): unknown => {
    const dot = token.lastIndexOf('.');
    const input = token.slice(0, dot);
    if (!check(input, token.slice(dot + 1))) throw new Error('signature');
    return JSON.parse(Buffer.from(input.slice(input.indexOf('.') + 1), 'base64url').toString());
  };
  const ours = (cache: false | undefined) => {
    const verifier = createJwtVerifier({
      issuer,
      audience,
      algorithms: [algorithm],
      key: keys.verifying as never,
      allowUntypedTokens: true,
      ...(cache === false && { cache }),
    });
    return (token: string): unknown => {
      const result = verifier.verify(token) as { readonly outcome: string };
      if (result.outcome !== 'verified') throw new Error(result.outcome);
      return result;
    };
  };
  const fastKey =
    algorithm === 'HS256' ? keys.verifying.export() : keys.verifying.export({ type: 'spki', format: 'pem' });
  const fast = (cache: boolean): ((token: string) => unknown) =>
    createVerifier({
      key: fastKey,
      algorithms: [algorithm],
      allowedIss: issuer,
      allowedAud: audience,
      cache: cache ? 4096 : false,
    } as never);
  const cached = new Map(tokens.map((token) => [token, { exp: Date.now() + 1e7 }]));
  const line = (name: string, run: (token: string) => unknown, more: Partial<Contender> = {}): Contender => {
    const next = fresh(tokens);
    const good = tokens[7] as string;
    // In the middle of the signature, where no bit is without meaning.
    const bad = `${good.slice(0, -20)}${good.at(-20) === 'A' ? 'B' : 'A'}${good.slice(-19)}`;
    const fails = async (): Promise<boolean> => {
      try {
        return (await run(bad)) === undefined;
      } catch {
        return true;
      }
    };
    return {
      name,
      run: () => run(next()),
      check: async () => (await run(good)) !== undefined && (await fails()),
      ...more,
    };
  };
  const cryptoKey =
    algorithm === 'HS256'
      ? await crypto.subtle.importKey(
          'raw',
          new Uint8Array(keys.verifying.export()),
          { name: 'HMAC', hash: 'SHA-256' },
          false,
          ['verify'],
        )
      : undefined;
  await duel(`JWT verify ${algorithm}, 256 distinct tokens, fresh strings`, [
    line('limit: signature check + JSON.parse (sync)', bare, { limit: true }),
    line('portcullis, cold (cache off)', ours(false), { goal: goals[algorithm] }),
    line('portcullis, seen before', ours(undefined), { goal: 0.12 }),
    {
      name: 'limit of "seen before": Map.get(token) + exp',
      run: (
        (next) => () =>
          (cached.get(next())?.exp ?? 0) > Date.now()
      )(fresh(tokens)),
    },
    line('fast-jwt, cache off', fast(false)),
    line('fast-jwt, cache on (all hits)', fast(true)),
    line(
      'jose jwtVerify, KeyObject',
      async (token) => (await jwtVerify(token, keys.verifying, { algorithms: [algorithm], issuer, audience })).payload,
    ),
    // jsonwebtoken knows no EdDSA.
    ...(algorithm === 'EdDSA'
      ? []
      : [
          line('jsonwebtoken, KeyObject', (token) =>
            jsonwebtoken.verify(token, keys.verifying, { algorithms: [algorithm], issuer, audience }),
          ),
        ]),
    ...(cryptoKey ? [line('hono/jwt, CryptoKey', (token) => honoVerify(token, cryptoKey, 'HS256'))] : []),
  ]);
}

async function signing(algorithm: Algorithm): Promise<void> {
  const keys = makeKeys(algorithm);
  const { sign } = primitives(algorithm, keys);
  const header = encode({ alg: algorithm, typ: 'at+jwt', kid: 'k1' });
  const payloads = Array.from({ length: 256 }, (_, i) => claims(i));
  const key = algorithm === 'HS256' ? new Uint8Array(keys.signing.export()) : keys.signing;
  const current = { algorithm, kid: 'k1', key: key as never };
  const signer = createJwtSigner({ typ: 'at+jwt', keys: fixedSigningKeys({ current, dangerouslyAllowRs256: true }) });
  const fastKey = algorithm === 'HS256' ? keys.signing.export() : keys.signing.export({ type: 'pkcs8', format: 'pem' });
  const fastSign = createSigner({ key: fastKey, algorithm, kid: 'k1' } as never) as (payload: object) => string;
  const over = (
    name: string,
    run: (payload: Record<string, unknown>) => unknown,
    more: Partial<Contender> = {},
  ): Contender => {
    let next = 0;
    return { name, run: () => run(payloads[(next = (next + 1) & 255)] as Record<string, unknown>), ...more };
  };
  await duel(`JWT sign ${algorithm}`, [
    over('fast-jwt signer', (payload) => fastSign(payload), { limit: true }),
    over('portcullis createJwtSigner', (payload) => signer.sign(payload), { goal: 1.3 }),
    over('JSON.stringify + signature (sync)', (payload) => {
      const input = `${header}.${encode(payload)}`;
      return `${input}.${sign(input)}`;
    }),
    ...(algorithm === 'EdDSA'
      ? []
      : [over('jsonwebtoken', (payload) => jsonwebtoken.sign(payload, keys.signing, { algorithm }))]),
  ]);
}

export async function jwt(): Promise<void> {
  for (const algorithm of ['HS256', 'RS256', 'ES256', 'EdDSA'] as const) await verifying(algorithm);
  for (const algorithm of ['HS256', 'RS256', 'ES256', 'EdDSA'] as const) await signing(algorithm);
}
