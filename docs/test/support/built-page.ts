import { readFileSync } from 'node:fs';

/** A page of the built site. `path` is below docs/dist and ends in `.html`. */
export function builtPage(path: string): string {
  return readFileSync(new URL(`../../dist/${path}`, import.meta.url), 'utf8');
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** What a piece of HTML shows, as the browser's `textContent` and the copy button have it. */
function textOf(html: string): string {
  return html
    .replaceAll(/<!--.*?-->/gs, '')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex?: string, decimal?: string, name = '') => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      const character = named[name as string];
      if (character === undefined) throw new Error(`the page has an entity that this test does not know: ${all}`);
      return character;
    });
}

/** The tabs of a page's groups of code, in order: what is on the tab, and what is copied from under it. */
export function codeTabs(html: string): readonly { readonly tab: string; readonly language: string; code: string }[] {
  return html
    .split('<div class="vp-code-group')
    .slice(1)
    .flatMap((group) => {
      const tabs = [...group.matchAll(/<label[^>]*>(.*?)<\/label>/gs)].map(([, label = '']) => textOf(label));
      const blocks = [
        ...group.matchAll(/<div class="language-([\w-]+)[^"]*">.*?<pre[^>]*><code[^>]*>(.*?)<\/code><\/pre>/gs),
      ].slice(0, tabs.length);
      if (tabs.length === 0 || blocks.length < tabs.length) throw new Error('a group of code has tabs without code');
      return blocks.map(([, language = '', code = ''], at) => ({ tab: tabs[at] ?? '', language, code: textOf(code) }));
    });
}

/** The rows of the page's first table, a cell as its text. */
export function tableRows(html: string): readonly (readonly string[])[] {
  const body = /<tbody>(.*?)<\/tbody>/s.exec(html)?.[1] ?? '';
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) => textOf(cell)),
  );
}
