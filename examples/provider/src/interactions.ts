import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';

/** A sign-in of a client that waits for the user. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: string;
  readonly client: string;
  readonly host: string;
  readonly scopes: readonly string[];
  /** Whether the client wants the user to prove who they are now, and when it asked, absolute milliseconds. */
  readonly asksAnew: boolean;
  readonly begunAt: number;
}

interface Http {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** `undefined` for one that is over, or of another browser. */
export async function readInteraction(
  provider: Provider,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Interaction | undefined> {
  try {
    const { uid, prompt, params, iat } = await provider.interactionDetails(req, res);
    const { client_id: clientId, redirect_uri: redirectUri, scope } = params as Readonly<Record<string, string>>;
    const client = await provider.Client.find(clientId ?? '');
    return {
      uid,
      prompt: prompt.name,
      client: client?.clientName ?? clientId ?? '',
      host: new URL(redirectUri ?? '').host,
      scopes: (scope ?? '').split(' '),
      asksAnew: prompt.reasons.some((reason) => ['login_prompt', 'max_age'].includes(reason)),
      begunAt: iat * 1000,
    };
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
}

/** Tells the provider who is signed in here, and since when. */
export function finishLogin(
  provider: Provider,
  { req, res }: Http,
  { user, authenticatedAt }: { readonly user: string; readonly authenticatedAt: number },
): Promise<void> {
  const login = { accountId: user, ts: Math.floor(authenticatedAt / 1000), amr: ['pwd'], remember: false };
  return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

/** Tells the provider what the user said. Whether there was a question to this user. */
export async function answerConsent(
  provider: Provider,
  { req, res }: Http,
  { user, isAllowed }: { readonly user: string; readonly isAllowed: boolean },
): Promise<boolean> {
  const details = await provider.interactionDetails(req, res).catch(() => undefined);
  if (details?.prompt.name !== 'consent' || details.session?.accountId !== user) return false;
  if (!isAllowed) {
    await provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'The user said no.' });
    return true;
  }
  const { params, prompt, grantId } = details;
  const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = found ?? new provider.Grant({ accountId: user, clientId: String(params['client_id']) });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    readonly missingOIDCScope?: readonly string[];
    readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
  };
  if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(req, res, { consent }, { mergeWithLastSubmission: true });
  return true;
}
