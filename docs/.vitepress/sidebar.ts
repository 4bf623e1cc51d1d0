// The sidebar is made from the files that are there: a page that lands is in it. A page says where it stands with `order`, and
// under which heading with `group`; one that says nothing comes last.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

const docs = fileURLToPath(new URL('..', import.meta.url));

interface Page {
  readonly text: string;
  readonly link: string;
  readonly order: number;
  readonly group: string | undefined;
}

function readPage(folder: string, name: string): Page {
  const text = readFileSync(join(docs, folder, name), 'utf8');
  const head = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? '';
  const field = (key: string): string | undefined => new RegExp(`^${key}: *["']?(.*?)["']?$`, 'm').exec(head)?.[1];
  const title = field('sidebar') ?? /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? name;
  const file = name === 'README.md' ? '' : name.replace(/(^|\/)(index)?\.md$/, '$1').replace(/\.md$/, '');
  return { text: title, link: `/${folder}/${file}`, order: Number(field('order') ?? 1000), group: field('group') };
}

function pagesOf(folder: string): Page[] {
  if (!existsSync(join(docs, folder))) return [];
  return readdirSync(join(docs, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => readPage(folder, name))
    .sort((a, b) => a.order - b.order || a.text.localeCompare(b.text));
}

const items = (folder: string): DefaultTheme.SidebarItem[] => pagesOf(folder).map(({ text, link }) => ({ text, link }));

/** A folder's pages under their groups, in the order in which the first page of each comes. */
function grouped(folder: string, otherwise: string): DefaultTheme.SidebarItem[] {
  const groups = new Map<string, DefaultTheme.SidebarItem[]>();
  for (const { group = otherwise, text, link } of pagesOf(folder)) {
    const list = groups.get(group) ?? [];
    list.push({ text, link });
    groups.set(group, list);
  }
  return [...groups].map(([text, list]) => ({ text, items: list }));
}

/** The API reference's entries: each package, and under it the entries beside its main one. */
function apiItems(): DefaultTheme.SidebarItem[] {
  if (!existsSync(join(docs, 'api'))) return [];
  return items('api')
    .filter(({ link }) => link !== '/api/')
    .map(({ text = '', link = '' }) => ({ text: text.replace('@portcullis/', ''), link }));
}

const section = (text: string, list: DefaultTheme.SidebarItem[], collapsed?: boolean): DefaultTheme.SidebarItem[] =>
  list.length === 0 ? [] : [{ text, items: list, ...(collapsed === undefined ? {} : { collapsed }) }];

export function createSidebar(): DefaultTheme.SidebarMulti {
  const guide = [
    ...grouped('guide', 'More'),
    ...section('Packages', items('packages')),
    ...section('Examples', items('examples'), true),
  ];
  const reference = [
    ...section('Reference', [...items('reference'), { text: 'Errors', link: '/errors' }, ...items('project')]),
    ...section('Design notes', items('design'), true),
    ...section('API', [{ text: 'All entries', link: '/api/' }, ...apiItems()], true),
  ];
  return {
    '/learn/': grouped('learn', 'Learn'),
    '/guide/': guide,
    '/packages/': guide,
    '/examples/': guide,
    '/reference/': reference,
    '/project/': reference,
    '/design/': reference,
    '/api/': reference,
    '/errors': reference,
  };
}
