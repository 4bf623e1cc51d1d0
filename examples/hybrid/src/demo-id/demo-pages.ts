const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --accent: light-dark(#8a3d00, #ffb27a); --paper: light-dark(#fdf6ee, #1d1712); }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: var(--paper); color: light-dark(#241a12, #f1e6da); }
main { max-width: 24rem; margin: 12vh auto 2rem; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin-top: 0.9rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: 0.45rem 0.6rem; margin-top: 0.25rem;
  border: 1px solid light-dark(#8c7a6a, #8f7d6c); border-radius: 0.35rem; background: light-dark(#fff, #2a2119); color: inherit; }
.actions { display: flex; gap: 0.75rem; margin-top: 1.25rem; }
button { font: inherit; font-weight: 600; padding: 0.45rem 0.95rem; border: 1px solid var(--accent); border-radius: 0.35rem;
  background: var(--accent); color: var(--paper); cursor: pointer; }
button[name] { background: transparent; color: var(--accent); }
.warning { border-left: 4px solid var(--accent); padding-left: 0.75rem; }
[role="alert"] { color: light-dark(#a3200d, #ff9d8a); font-weight: 600; }`;

/** What the page shows: what was filled in, and what is wrong with it. */
export interface InteractionFields {
  readonly name?: string;
  readonly email?: string;
  readonly error?: string;
}

/** Asks for a name and an address, and believes them. */
export function interactionPage({ name = '', email = '', error }: InteractionFields): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Demo ID</title>
    <link rel="icon" href="data:," />
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>Sign in with Demo ID</h1>
      <p class="warning">For development only: it asks for no password and believes what you write.</p>
      ${error === undefined ? '' : `<p role="alert">${escape(error)}</p>`}
      <form method="post">
        <label for="name">Your name</label>
        <input id="name" name="name" maxlength="100" autocomplete="off" value="${escape(name)}" />
        <label for="email">Your address</label>
        <input id="email" name="email" type="email" maxlength="254" autocomplete="off" value="${escape(email)}" />
        <div class="actions">
          <button>Continue</button>
          <button name="cancel" value="yes" formnovalidate>Cancel</button>
        </div>
      </form>
    </main>
  </body>
</html>
`;
}
