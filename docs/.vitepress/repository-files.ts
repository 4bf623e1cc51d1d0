/** What markdown-it hands to a rule, as far as this one reads it. */
interface State {
  readonly tokens: readonly { readonly children: Token[] | null }[];
}

interface Token {
  type: string;
  content: string;
  attrGet(name: string): string | null;
}

const file = /^(?:\.\.\/)+((?:packages|examples|scripts)\/.+\.(?:ts|mjs|js))$/;

/** A link to a source file leads somewhere in the repository only: on the site, the file's name stands in its place. */
export function nameRepositoryFiles({ tokens }: State): void {
  for (const { children } of tokens) {
    // Links do not stand in each other, so the first end after a beginning is its own.
    let open = false;
    for (const token of children ?? []) {
      const path = token.type === 'link_open' ? file.exec(token.attrGet('href') ?? '')?.[1] : undefined;
      if (path !== undefined) {
        become(token, `<span class="repository-file" title="${path}">`);
        open = true;
      } else if (open && token.type === 'link_close') {
        become(token, '</span>');
        open = false;
      }
    }
  }
}

function become(token: Token, html: string): void {
  token.type = 'html_inline';
  token.content = html;
}
