import type { Environment, MaybePromise, Secret } from '@portcullis/core';
import type { SubjectScope } from '../verify/token-principal.js';

/** What `createIntrospectionAuthenticator` takes. Times in whole milliseconds. */
export interface IntrospectionOptions extends Pick<Environment, 'clock' | 'fetch'> {
  /** The https address of the authorization server's introspection endpoint. */
  readonly endpoint: string;
  /** The authorization server's `iss`. An answer that names another is refused. */
  readonly issuer: string;
  /** Who we are: an answer must name at least one of these in its `aud`. */
  readonly audience: string | readonly string[];
  /** Takes answers without `aud`, because the server knows by our credentials who asks and checks it. Default false. */
  readonly audienceCheckedByServer?: boolean;
  /**
   * How we prove that we may ask: our client id and secret, sent as HTTP Basic, or a function that gives the value of the
   * `Authorization` header.
   */
  readonly client: { readonly id: string; readonly secret: Secret } | (() => MaybePromise<string>);
  /** Which tokens are for this authenticator. Default: every Bearer token, so make it the last of its kind or say which. */
  readonly recognises?: (token: string) => boolean;
  /**
   * How long a good answer is believed, and never past the token's `exp`: for so long a revocation is not seen. 0 asks
   * for every request; at most 300,000; default 30,000.
   */
  readonly cacheMs?: number;
  /** Good answers remembered. 2 to 1,000,000; default 4,096. */
  readonly maxCached?: number;
  /** Questions under way at once; more are answered 503. 1 to 10,000; default 100. */
  readonly maxPending?: number;
  /** For one question, the answer's body included. 100 to 60,000; default 5,000. */
  readonly timeoutMs?: number;
  /** Names the kind of credential. Default `introspection`. */
  readonly scheme?: string;
  /** The scopes of a token that states none. `unlimited` means no ceiling. Default `[]`: it allows nothing. */
  readonly scopesWhenAbsent?: readonly string[] | 'unlimited';
  /** The claim that holds the principal's tenant; then it must be there. Default: no tenant. */
  readonly tenantClaim?: string;
  /** How a subject becomes a principal's id. Default `local`. */
  readonly subjects?: SubjectScope;
  /** Lets the endpoint be on a private network, and be plain http. Default false. */
  readonly dangerouslyAllowPrivateNetwork?: boolean;
}
