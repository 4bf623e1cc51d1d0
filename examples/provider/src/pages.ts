/**
 * Sent with every page. A form of ours ends at the client it was for, so browsers have to be told where it may lead.
 * @param clientOrigins of the clients' redirect addresses
 */
export function pageHeaders(clientOrigins: readonly string[]): Readonly<Record<string, string>> {
  const targets = ["'self'", ...clientOrigins].join(' ');
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}

export function signInPage(returnTo: string, message?: string): string {
  const said = message === undefined ? '' : `<p role="alert">${escape(message)}</p>`;
  return page(
    'Sign in to YourService',
    `${said}<form method="post" action="/sign-in">
<input type="hidden" name="returnTo" value="${escape(returnTo)}">
<p><label>Email <input name="email" type="email" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form>`,
  );
}

export function homePage(name: string): string {
  return page(`Hello ${name}`, '<form method="post" action="/sign-out"><button>Sign out</button></form>');
}

/** What the user lets a client have. */
export interface ConsentQuestion {
  readonly uid: string;
  readonly user: string;
  readonly client: string;
  /** Where the answer goes: what tells two clients of one name apart. */
  readonly host: string;
  readonly scopes: readonly string[];
}

const meanings: Readonly<Record<string, string>> = {
  openid: 'who you are here',
  profile: 'your name',
  email: 'your address',
  offline_access: 'this while you are away, until you take it back',
};

export function consentPage({ uid, user, client, host, scopes }: ConsentQuestion): string {
  const items = scopes.map((scope) => `<li>${escape(meanings[scope] ?? scope)}</li>`);
  return page(
    `Let ${client} in?`,
    `<p>${escape(client)} at ${escape(host)} asks for these, ${escape(user)}:</p>
<ul>
${items.join('\n')}
</ul>
<form method="post" action="/interaction/${escape(uid)}">
<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button>
</form>`,
  );
}

export function overPage(): string {
  return page('This sign-in is over', '<p>Go back to the application, and begin again.</p>');
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
