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
  for (const token of tokens.flatMap(({ children }) => children ?? [])) {
    const path = token.type === 'link_open' ? file.exec(token.attrGet('href') ?? '')?.[1] : undefined;
    if (path !== undefined) become(token, `<span class="repository-file" title="${path}">`);
  }
  for (const { children } of tokens) closeSpans(children ?? []);
}

/** Links do not stand in each other, so the first end after a span's beginning is its own. */
function closeSpans(children: readonly Token[]): void {
  let open = false;
  for (const token of children) {
    if (token.type === 'html_inline' && token.content.startsWith('<span class="repository-file"')) open = true;
    if (open && token.type === 'link_close') {
      become(token, '</span>');
      open = false;
    }
  }
}

function become(token: Token, html: string): void {
  token.type = 'html_inline';
  token.content = html;
}
