import type { Authenticator, Principal, PrincipalOf as GuardPrincipal } from '@portcullis/core';
import type { IssuerOptions } from '../../src/verify/issuer-options.js';
import { createJwtVerifier } from '../../src/verify/create-jwt-verifier.js';
import type { StandardSchema } from '../../src/verify/standard-schema.js';
import type { JsonObject } from '../../src/verify/strict-json.js';
import type { TokenPrincipal } from '../../src/verify/token-principal.js';

declare const options: IssuerOptions;
declare const schema: StandardSchema<{ readonly plan: 'free' | 'pro' }>;
declare function same<A, B>(
  value: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false,
): void;
type PrincipalOf<V> = V extends { authenticator(): infer A extends Authenticator }
  ? GuardPrincipal<readonly [A]>
  : never;

// Without a schema the claims are what JSON can be.
const plain = createJwtVerifier(options);
same<PrincipalOf<typeof plain>, TokenPrincipal<JsonObject>>(true);

// A schema types the claims, and the principal that carries them.
const typed = createJwtVerifier({ ...options, claims: schema });
same<PrincipalOf<typeof typed>['claims'], { readonly plan: 'free' | 'pro' }>(true);

// A mapping types the principal, and is given the typed claims.
const mapped = createJwtVerifier({
  ...options,
  claims: schema,
  principal: ({ claims, principal }) => ({ kind: 'member' as const, id: principal.id, plan: claims.plan }),
});
same<PrincipalOf<typeof mapped>, { kind: 'member'; id: string; plan: 'free' | 'pro' }>(true);

const { audience: _audience, ...noAudience } = options;
// @ts-expect-error -- an audience is mandatory
createJwtVerifier(noAudience);
const { algorithms: _algorithms, ...noAlgorithms } = options;
// @ts-expect-error -- an allow-list is mandatory
createJwtVerifier(noAlgorithms);
// @ts-expect-error -- none is no algorithm
createJwtVerifier({ ...options, algorithms: ['none'] });
// @ts-expect-error -- one issuer or a list, not both
createJwtVerifier({ ...options, issuers: [options] });
createJwtVerifier({ issuers: [options] }) satisfies { verify(token: string): unknown };

const result = plain.verify('');
if (!('then' in result)) {
  // @ts-expect-error -- a token is there only when the outcome is verified
  void result.token;
  if (result.outcome === 'verified') result.token.principal satisfies Principal;
  if (result.outcome === 'rejected') result.detail satisfies string;
}
