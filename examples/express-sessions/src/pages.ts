import type { SessionInfo } from '@portcullis/session';

/** Sent with every page: nothing of it is kept, framed, or runs a script. Browsers name the page's origin to it and nobody else. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

/** @param message why the last try did not do */
export function signInPage(message?: string): string {
  const said = message === undefined ? '' : `<p role="alert">${escape(message)}</p>`;
  return page(
    'Sign in',
    `${said}<form method="post" action="/sign-in">
<p><label>Email <input name="email" type="email" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form>`,
  );
}

/** @param current the id of the session that asks */
export function accountPage(user: string, sessions: readonly SessionInfo[], current: string | undefined): string {
  return page(
    `Signed in as ${user}`,
    `<h2>My sessions</h2>
<ul>
${sessions.map((session) => entry(session, session.id === current)).join('\n')}
</ul>
<form method="post" action="/sign-out"><button>Sign out</button></form>`,
  );
}

function entry({ id, device, ip, lastSeenAt }: SessionInfo, isCurrent: boolean): string {
  const name = [device.browser, device.os].filter(Boolean).join(' on ') || 'Unknown device';
  const text = escape(`${name}, ${ip ?? 'unknown address'}, last seen ${new Date(lastSeenAt).toISOString()}`);
  if (isCurrent) return `<li>${text} (this one)</li>`;
  return `<li>${text} <form method="post" action="/sessions/${escape(id)}/revoke"><button>Revoke</button></form></li>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<h1>${escape(title)}</h1>
${body}
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
