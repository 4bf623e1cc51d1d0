import { random as systemRandom, Secret } from '@portcullis/core';
import { day, durationOption, hour, minute, second } from '../duration.js';
import { invalidOption } from '../errors.js';
import { createRefreshMacs } from '../refresh/refresh-mac.js';
import { createRefreshTokens, type GrantedRefresh } from '../refresh/refresh-tokens.js';
import { createRevocations } from '../revoke/revocations.js';
import { accessClaims, type AccessGrant, type AccessTime, checkCustomClaims, checkScope } from './access-claims.js';
import type { IssuedTokens, TokenResponse } from './issued-tokens.js';
import { createJwtSigner } from './jwt-signer.js';
import { createOwnTokenReader } from './own-token.js';
import type { Introspection, Login, TokenIssuer, TokenIssuerOptions } from './token-issuer.js';

const clientPrefix = 'client:';
// Half of a surrogate pair would come back as another character; NUL is no text to some databases.
const unsafeText = /\p{Surrogate}|\0/u;

function checkIssuer(issuer: string): string {
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || /[?#\s]/.test(issuer) || url.username !== '') {
    throw invalidOption('issuer', 'give an http(s) URL without query and fragment, as in https://auth.example.com');
  }
  return issuer;
}

function checkAudience(audience: string | readonly string[]): readonly string[] {
  const list = typeof audience === 'string' ? [audience] : [...audience];
  if (list.length === 0 || !list.every((one) => typeof one === 'string' && one !== '')) {
    throw invalidOption(
      'audience',
      'name who the tokens are for, as in https://api.example.com; a token for everybody is for nobody',
    );
  }
  return Object.freeze(list);
}

function checkText(option: string, value: string | undefined, max = 255): void {
  if (
    value !== undefined &&
    (typeof value !== 'string' || value === '' || value.length > max || unsafeText.test(value))
  ) {
    throw invalidOption(option, `give a well-formed string of 1 to ${max} characters`);
  }
}

function checkClientId(clientId: string): void {
  checkText('clientId', clientId);
  // RFC 6749 appendix A.1.
  if (clientId === undefined || !/^[\x20-\x7e]+$/.test(clientId))
    throw invalidOption('clientId', 'name the client that asks, in printable ASCII');
}

/**
 * A user and a client never share a `sub` (RFC 9700 section 4.15): who may choose a client's id must not become the user
 * of that name. So a client's own begins with `client:`, no user's does, and no user has the id of the client that asks,
 * which verifiers take for a sign of the client's own token.
 */
function checkLogin({ subject, clientId, tenant, acr, amr, authenticatedAt, startedAt, label }: Login): void {
  checkText('subject', subject);
  if (subject === undefined || subject.startsWith(clientPrefix))
    throw invalidOption('subject', 'give the id of a user; what begins with client: is a client');
  checkClientId(clientId);
  if (subject === clientId)
    throw invalidOption('clientId', "it is the user's own id; give clients ids that no user has");
  checkText('tenant', tenant);
  checkText('acr', acr);
  checkText('label', label, 200);
  // A string would pass for a list of its characters, and no verifier takes such a token.
  if (amr !== undefined && !Array.isArray(amr)) throw invalidOption('amr', "give a list, as in ['pwd', 'otp']");
  for (const method of amr ?? []) checkText('amr', method);
  for (const [option, time] of Object.entries({ authenticatedAt, startedAt })) {
    if (time !== undefined && (!Number.isSafeInteger(time) || time < 0))
      throw invalidOption(option, 'give absolute milliseconds');
  }
}

/**
 * Issues access tokens (RFC 9068) with refresh tokens that survive a race and catch a thief.
 *
 * What is checked at a refresh: that the token is genuine, current or within the grace, of this client, and asks for no
 * more than was granted; that its login has neither expired nor been revoked. What is not: who calls (authenticate
 * confidential clients before), and whether the user still exists (call `revokeAll` when they go).
 * @throws {JwtError} `invalid_option`
 * @throws {CoreError} `invalid_option` for a key ring that is none.
 * @see RFC 9068, RFC 6749 section 6, RFC 9700 section 4.14
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { keys, storage, refresh, clock = Date.now, random = systemRandom, events, tenantClaim = 'tenant' } = options;
  const issuer = checkIssuer(options.issuer);
  const audience = checkAudience(options.audience);
  if (!/^[\w:/.-]{1,255}$/.test(tenantClaim))
    throw invalidOption('tenantClaim', 'name a claim, as in tenant or https://example.com/tenant');
  checkCustomClaims({ [tenantClaim]: '' }, '');
  const accessLifetimeMs = durationOption('accessLifetimeMs', options.accessLifetimeMs, {
    fallback: 15 * minute,
    min: second,
    max: day,
  });
  if (accessLifetimeMs > keys.maxTokenLifetimeMs) {
    throw invalidOption(
      'accessLifetimeMs',
      'the keys are not published for so long after they have signed; raise their keepPreviousMs',
    );
  }
  const revocations = options.revocations ?? createRevocations({ storage, issuer, clock });
  const refreshTokens = createRefreshTokens({
    storage,
    macs: createRefreshMacs(refresh.keys),
    revocations,
    inactivityMs: durationOption('refresh.inactivityMs', refresh.inactivityMs, {
      fallback: 30 * day,
      min: minute,
      max: 400 * day,
    }),
    lifetimeMs: durationOption('refresh.lifetimeMs', refresh.lifetimeMs, {
      fallback: 90 * day,
      min: minute,
      max: 1000 * day,
    }),
    graceMs: durationOption('refresh.graceMs', refresh.graceMs, { fallback: 30 * second, min: 0, max: 5 * minute }),
    accessLifetimeMs,
    clock,
    random,
    events,
  });
  const signer = createJwtSigner({ keys, typ: 'at+jwt' });
  const readOwn = createOwnTokenReader({ issuer, audience, keys, clock });

  async function mint(
    grant: AccessGrant,
    time: AccessTime,
    refreshToken: Secret | undefined,
    until: number,
  ): Promise<IssuedTokens> {
    const lifetimeMs = Math.min(accessLifetimeMs, until - time.at);
    const claims = accessClaims(grant, time, { issuer, audience, lifetimeMs, tenantClaim, random });
    const accessToken = new Secret(await signer.sign(claims));
    const expiresIn = Math.floor(lifetimeMs / 1000);
    return Object.freeze({
      accessToken,
      refreshToken,
      expiresIn,
      scope: grant.scope,
      id: claims.jti,
      family: grant.family,
      reveal: (): TokenResponse => ({
        access_token: accessToken.reveal(),
        token_type: 'Bearer',
        expires_in: expiresIn,
        ...(refreshToken !== undefined && { refresh_token: refreshToken.reveal() }),
        scope: grant.scope.join(' '),
      }),
    });
  }

  function mintFor({ record, token, at, notBefore }: GrantedRefresh, scope: readonly string[]): Promise<IssuedTokens> {
    return mint({ ...record, family: record.id, scope }, { at, notBefore }, token, record.absoluteExpiresAt);
  }

  return Object.freeze({
    issuer,
    keys,
    revocations,

    async issue(login) {
      const now = clock();
      checkLogin(login);
      checkCustomClaims(login.claims, tenantClaim);
      const scope = checkScope('scope', login.scope);
      // Before the row is made: without a key there is no login.
      await keys.ready();
      const { subject, clientId, tenant, authenticatedAt, acr, amr, claims, label, startedAt = now } = login;
      if (startedAt < now - hour)
        throw invalidOption('startedAt', 'a check of a password that began over an hour ago is none; begin again');
      const granted = await refreshTokens.start(
        { subject, clientId, scope, tenant, authenticatedAt, acr, amr, claims, label },
        Math.min(startedAt, now),
      );
      return mintFor(granted, scope);
    },

    async issueForClient({ clientId, scope: asked, tenant, claims }) {
      checkClientId(clientId);
      checkText('tenant', tenant);
      checkCustomClaims(claims, tenantClaim);
      const scope = checkScope('scope', asked);
      const subject = `${clientPrefix}${clientId}`;
      const at = clock();
      const notBefore = (await revocations.userRevocation(subject))?.notBefore;
      return mint(
        { subject, clientId, scope, tenant, claims, own: true },
        { at, notBefore },
        undefined,
        Number.POSITIVE_INFINITY,
      );
    },

    async refresh(refreshToken, { clientId, scope }) {
      const asked = scope === undefined ? undefined : checkScope('scope', scope);
      const rotation = await refreshTokens.rotate(refreshToken, { clientId, scope: asked });
      if (!rotation.ok) return rotation;
      return { ok: true, tokens: await mintFor(rotation, asked ?? rotation.record.scope), repeated: rotation.repeated };
    },

    async revoke(token, { clientId } = {}) {
      const record = await refreshTokens.find(token);
      if (record !== undefined) {
        if (clientId !== undefined && record.clientId !== clientId) return 'wrong_client';
        await refreshTokens.end(record, 'logout');
        return 'revoked';
      }
      const own = await readOwn(token);
      if (own?.facts.jti === undefined) return 'unknown';
      const { jti, expiresAt, clientId: owner } = own.facts;
      if (clientId !== undefined && owner !== clientId) return 'wrong_client';
      await revocations.revokeToken({ jti, expiresAt });
      return 'revoked';
    },

    async revokeFamily(family, { subject }) {
      const record = await refreshTokens.get(family);
      if (record === undefined || record.subject !== subject) return false;
      await refreshTokens.end(record, 'logout');
      return true;
    },

    revokeAll: (subject, { except } = {}) => refreshTokens.endAll(subject, except),

    list: (subject, { cursor, limit = 100, tenant } = {}) => refreshTokens.list(subject, { cursor, limit, tenant }),

    async introspect(token, { audience: asker } = {}): Promise<Introspection> {
      const own = await readOwn(token);
      if (own === undefined || (asker !== undefined && ![own.claims['aud']].flat().includes(asker)))
        return { active: false };
      if (await revocations.isRevoked(own.facts)) return { active: false };
      return { ...own.claims, active: true, token_type: 'Bearer' };
    },
  } satisfies TokenIssuer);
}
