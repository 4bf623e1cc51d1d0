import {
  absent,
  type Authenticator,
  createHmac,
  type Credential,
  decodeBase64url,
  deny,
  encodeBase64url,
  type Environment,
  invalidOption,
  malformedCredential,
  type Principal,
  random as systemRandom,
  readAuthorization,
  utf8,
} from '@portcullis/core';

/** What a test says of a caller beside who it is. */
export interface TestFacts
  extends Pick<
    Credential,
    'scopes' | 'authorizationDetails' | 'issuedAt' | 'expiresAt' | 'authenticatedAt' | 'acr' | 'amr'
  > {
  /** What the caller may do now. Without it the guard asks its own `roles`. */
  readonly roles?: readonly string[];
  /** What `auth.credential.scheme` says, so that a route's `schemes` can be tested. Default `test`. */
  readonly scheme?: string;
}

/** Somebody a test calls as. */
export interface TestCaller<P extends Principal = Principal> {
  readonly principal: P;
  /** Send these with the request. */
  readonly headers: { readonly authorization: string };
}

/** Makes callers, and the authenticator that knows them. */
export interface TestPrincipals {
  /** For the guard under test, beside the application's own. It knows the callers of this object and nobody else. */
  authenticator<P extends Principal = Principal>(): Authenticator<P>;
  /** Anybody: the principal as the application's own authenticators would give it. */
  as<P extends Principal>(principal: P, facts?: TestFacts): TestCaller<P>;
  /** `{ kind: 'user', id, tenant? }`, as a session gives it. */
  asUser(id: string, facts?: TestFacts & { readonly tenant?: string }): TestCaller;
  /** `{ kind: 'api-key', id: owner, tenant? }` with the scopes that are a key's ceiling, as an API key gives it. */
  asKey(owner: string, facts: TestFacts & { readonly scopes: readonly string[]; readonly tenant?: string }): TestCaller;
}

/** What `createTestPrincipals` takes. */
export type TestPrincipalsOptions = Pick<Environment, 'clock' | 'random'>;

interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

interface Told {
  readonly principal: Principal;
  readonly facts: TestFacts;
  readonly id: string;
}

const scheme = 'Test';

/**
 * Makes callers for tests: each is a header that only this object's authenticator accepts, because it alone has the key.
 * Nothing is stored and nothing has to be set up; the guard, its roles, its policy and the routes are the application's own.
 * @throws {CoreError} `invalid_option` when NODE_ENV is `production`, where nobody should be able to make up a caller.
 */
export function createTestPrincipals(options: TestPrincipalsOptions = {}): TestPrincipals {
  if ((globalThis as Host).process?.env?.['NODE_ENV'] === 'production') {
    throw invalidOption('NODE_ENV', 'it is production, where test principals have no place; leave them to tests.');
  }
  const { clock = Date.now, random = systemRandom } = options;
  const mac = createHmac(random(32));
  let count = 0;

  function as<P extends Principal>(principal: P, facts: TestFacts = {}): TestCaller<P> {
    if (typeof principal?.kind !== 'string' || typeof principal.id !== 'string' || principal.id === '')
      throw invalidOption('principal', "give { kind, id }, as in { kind: 'user', id: 'ada' }.");
    count += 1;
    const told = encodeBase64url(utf8(JSON.stringify({ principal, facts, id: `test-${count}` } satisfies Told)));
    return Object.freeze({ principal, headers: { authorization: `${scheme} ${told}.${mac.text(told)}` } });
  }

  function read(token: string): Told | undefined {
    const [told = '', proof = '', ...more] = token.split('.');
    if (more.length > 0 || !mac.verify(told, proof)) return undefined;
    return JSON.parse(new TextDecoder().decode(decodeBase64url(told))) as Told;
  }

  return Object.freeze({
    as,
    asUser: (id, { tenant, ...facts } = {}) => as({ kind: 'user', id, ...(tenant !== undefined && { tenant }) }, facts),
    asKey: (owner, { tenant, ...facts }) =>
      as({ kind: 'api-key', id: owner, ...(tenant !== undefined && { tenant }) }, facts),

    authenticator: <P extends Principal>(): Authenticator<P> => ({
      scheme: 'test',
      transport: 'explicit',
      claims: (request) => readAuthorization(request, scheme) !== undefined,
      challenge: () => ({ scheme, params: {} }),
      authenticate(request) {
        const token = readAuthorization(request, scheme);
        if (token === undefined) return absent;
        if (token === malformedCredential) return { outcome: 'rejected', denial: deny('invalid_request') };
        const told = read(token);
        if (told === undefined) return { outcome: 'rejected', denial: deny('invalid_token') };
        const { roles, scheme: as = 'test', ...facts } = told.facts;
        if (facts.expiresAt !== undefined && clock() >= facts.expiresAt)
          return { outcome: 'rejected', denial: deny('invalid_token') };
        return {
          outcome: 'authenticated',
          // What the test said it is: the types of the application's principal are its own to keep.
          principal: told.principal as P,
          credential: { scheme: as, id: told.id, ...facts },
          ...(roles !== undefined && { roles }),
        };
      },
    }),
  } satisfies TestPrincipals);
}
