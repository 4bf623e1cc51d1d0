import {
  absent,
  andThen,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  type Credential,
  deny,
  malformedCredential,
  type MaybePromise,
  type Principal,
  readAuthorization,
  type Rejected,
} from '@portcullis/core';
import type { ApiKeyIdentity } from './api-key.js';
import type { VerifiedKey, Verifier } from './verify-key.js';

/** Who a key stands for, unless `principal` says otherwise. */
export interface ApiKeyPrincipal<E extends string = string> extends Principal {
  readonly kind: 'api-key';
  /** The key's owner. */
  readonly id: string;
  readonly tenant: string | undefined;
  /** Public id of the key. */
  readonly keyId: string;
  readonly environment: E;
}

/** What a stronger factor beside the key proved. */
export type StrongerFactor = Pick<Credential, 'acr' | 'amr' | 'authenticatedAt'>;

/** What `authenticator` takes. */
export interface ApiKeyAuthenticatorOptions<P extends Principal, E extends string = string> {
  /**
   * Whom a key stands for. Default: an `ApiKeyPrincipal` with the owner's id. Where keys act for users, answer what
   * your sessions answer.
   */
  readonly principal?: ((key: ApiKeyIdentity<E>) => P) | undefined;
  /** Units of the key's quota that a request uses, a whole number of 0 or more. Default 1. */
  readonly cost?: ((request: AuthRequest) => number) | undefined;
  /**
   * Checks a second factor that comes with the key (a client certificate, a signed request): what it answers goes into
   * the credential, and meets a route's `acr` and `maxAge`. `undefined`: none was shown, and such routes refuse the
   * key. A failure is a 503.
   */
  readonly strongerFactor?:
    | ((request: AuthRequest, key: ApiKeyIdentity<E>) => MaybePromise<StrongerFactor | undefined>)
    | undefined;
}

/** What the authenticator is made of. */
export interface AuthenticatorParts<E extends string> {
  readonly verifier: Verifier<E>;
  readonly watch: (id: string, listener: () => void) => () => void;
}

const header = 'x-api-key';

function defaultPrincipal<E extends string>(key: ApiKeyIdentity<E>): ApiKeyPrincipal<E> {
  return { kind: 'api-key', id: key.owner, tenant: key.tenant, keyId: key.id, environment: key.environment };
}

const twice: Rejected = /* @__PURE__ */ Object.freeze({
  outcome: 'rejected',
  denial: /* @__PURE__ */ deny('invalid_request', {
    detail: 'Send one API key, either in X-API-Key or as a Bearer token.',
    challenge: { error: 'invalid_request' },
  }),
});

/**
 * The key that a request carries, wherever it may stand. Nowhere else is looked: not in the query, the body or a
 * cookie.
 */
function readKey(request: AuthRequest): string | undefined | typeof malformedCredential {
  const values = request.headerValues(header);
  const [value] = values;
  if (value === undefined) return readAuthorization(request, 'Bearer');
  // Web runtimes join two fields by a comma, which no key contains.
  const several = values.length > 1 || value.includes(',') || request.header('authorization') !== undefined;
  return several ? malformedCredential : value;
}

/** Reads a key from `X-API-Key` or `Authorization: Bearer`. */
export function createApiKeyAuthenticator<E extends string, P extends Principal = ApiKeyPrincipal<E>>(
  { verifier, watch }: AuthenticatorParts<E>,
  options: ApiKeyAuthenticatorOptions<P, E> = {},
): Authenticator<P> {
  const { cost, strongerFactor } = options;
  // P is only another type where `principal` was given: it is inferred from that callback.
  const principalOf =
    options.principal ?? (defaultPrincipal as (key: ApiKeyIdentity<E>) => Principal as (key: ApiKeyIdentity<E>) => P);

  function admit(
    { key, scopes, expiresAt, headers }: VerifiedKey<E>,
    factor?: StrongerFactor,
  ): AuthenticationResult<P> {
    const credential: Credential = {
      scheme: 'api-key',
      id: key.id,
      scopes,
      issuedAt: key.rotatedAt ?? key.createdAt,
      expiresAt,
      ...factor,
    };
    return {
      outcome: 'authenticated',
      principal: principalOf(key),
      credential,
      headers,
      onRevoked: (listener) => watch(key.id, listener),
    };
  }

  return {
    scheme: 'api-key',
    transport: 'explicit',
    claims(request) {
      if (request.header(header) !== undefined) return true;
      // By its shape: a JWT in the same place is another authenticator's.
      const token = readAuthorization(request, 'Bearer');
      return typeof token === 'string' && verifier.looksLikeKey(token);
    },
    authenticate(request) {
      const text = readKey(request);
      if (text === undefined) return absent;
      if (text === malformedCredential) return twice;
      const result = verifier.verify(text, { ip: request.ip, cost: cost?.(request) });
      return andThen(result, (answer): MaybePromise<AuthenticationResult<P>> => {
        if (answer.outcome !== 'verified') return { outcome: 'rejected', denial: answer.denial };
        if (strongerFactor === undefined) return admit(answer);
        return andThen(strongerFactor(request, answer.key), (factor) => admit(answer, factor));
      });
    },
    challenge: () => ({ scheme: 'Bearer', params: {} }),
    description: {
      places: [
        { in: 'authorization', scheme: 'Bearer' },
        { in: 'header', name: 'X-API-Key' },
      ],
      // Any key may have a rate limit or a quota.
      statuses: [429],
    },
  };
}
