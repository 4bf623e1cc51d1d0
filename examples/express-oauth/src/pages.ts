/** Sent with every page: nothing of it is kept, framed, or runs a script. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

const reasons: Readonly<Record<string, string>> = {
  sign_in_denied: 'You were not signed in: YourService was told no.',
  sign_in_unknown: 'That sign-in took too long, or was finished already. Begin again.',
  provider_unavailable: 'YourService does not answer. Try again in a while.',
};

/** @param failed the code of a sign-in that failed: never a text out of the address */
export function signInPage(failed?: string): string {
  const reason = failed === undefined ? undefined : (reasons[failed] ?? 'That did not work. Begin again.');
  const said = reason === undefined ? '' : `<p role="alert">${reason}</p>\n`;
  return page('Welcome', `${said}<p><a href="/auth/yourservice?returnTo=/">Sign in with YourService</a></p>`);
}

export function accountPage(name: string): string {
  return page(
    `Hello ${name}`,
    `<p><a href="/provider">What YourService's API says</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>`,
  );
}

export function providerPage(said: unknown): string {
  return page("What YourService's API says", `<pre>${escape(JSON.stringify(said, null, 2))}</pre>`);
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
