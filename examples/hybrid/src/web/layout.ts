import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Made by hono's `html`, which escapes what is put in: text of users never becomes markup. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Who sees a page. */
export interface Viewer {
  readonly name: string;
  readonly seesUsers: boolean;
  /** Goes into every form. */
  readonly csrf: string;
}

export interface Page {
  readonly title: string;
  readonly body: Html;
  readonly viewer?: Viewer | undefined;
  readonly path?: string | undefined;
  readonly notice?: string | undefined;
  readonly error?: string | undefined;
}

const links = [
  ['/posts', 'Posts'],
  ['/keys', 'Keys'],
  ['/sessions', 'Sessions'],
  ['/account', 'Account'],
] as const;

const link = (path: string, label: string, current: string | undefined): Html =>
  path === current
    ? html`<li><a href="${path}" aria-current="page">${label}</a></li>`
    : html`<li><a href="${path}">${label}</a></li>`;

export const csrfField = (csrf: string): Html => html`<input type="hidden" name="csrf" value="${csrf}" />`;

function navigation({ name, seesUsers, csrf }: Viewer, path: string | undefined): Html {
  const shown = seesUsers ? [...links, ['/users', 'Users'] as const] : links;
  return html`<nav aria-label="Main">
      <ul>
        ${shown.map(([to, label]) => link(to, label, path))}
      </ul>
    </nav>
    <form method="post" action="/sign-out">${csrfField(csrf)}<span>${name}</span><button>Sign out</button></form>`;
}

/** A whole page. Errors are announced at once, notices when the reader comes to rest. */
export function layout({ title, body, viewer, path, notice, error }: Page): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${error ? 'Error: ' : ''}${title} · Inkwell</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="bar">
          <div>
            <a class="brand" href="/">Inkwell</a>
            ${viewer ? navigation(viewer, path) : ''}
          </div>
        </header>
        <main id="content" tabindex="-1">
          <h1>${title}</h1>
          <div aria-live="assertive">${error ? html`<p class="error">${error}</p>` : ''}</div>
          <div aria-live="polite">${notice ? html`<p class="notice">${notice}</p>` : ''}</div>
          ${body}
        </main>
      </body>
    </html>`;
}

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

export const time = (at: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}">${format.format(at)} UTC</time>`;
