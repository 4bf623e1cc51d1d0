// Looks at every page of the built site: each link and picture leads to something there, each #anchor to an element of that
// page, and nothing is loaded from another host. Every page has its plain Markdown beside it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { finish } from './lib/fail.mjs';
import { filesUnder, root } from './lib/workspace.mjs';

const site = join(root, 'docs/dist');
const pages = new Map(
  filesUnder(site, (path) => path.endsWith('.html')).map((path) => [
    `/${relative(site, path).replaceAll('\\', '/')}`,
    readFileSync(path, 'utf8'),
  ]),
);
const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
const idsOf = new Map(
  [...pages].map(([page, html]) => [page, new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decode(id)))]),
);

/** The file that a static server with clean addresses answers with. */
function fileOf(path) {
  const candidates = path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`];
  return candidates.find((candidate) => pages.has(candidate) || (candidate === path && existsSync(join(site, path))));
}

const faults = new Map();
const fault = (text, page) => faults.set(text, [...(faults.get(text) ?? []), page]);
let links = 0;
for (const [page, html] of pages) {
  if (page === '/404.html') continue;
  for (const [, attribute, raw] of html.matchAll(/<[^>]*?\s(href|src)="([^"]*)"/g)) {
    const target = decode(raw);
    if (/^(mailto|data):/.test(target)) continue;
    if (/^(https?:)?\/\//.test(target)) {
      if (attribute === 'src' || /<link [^>]*rel="(stylesheet|preload|modulepreload)"[^>]*href="https?:/.test(html))
        fault(`${target} is loaded from another host`, page);
      continue;
    }
    links++;
    const [path, hash = ''] = target.split('#');
    const absolute = path === '' ? page : path.startsWith('/') ? path : posix.join(dirname(page), path);
    const file = fileOf(decodeURI(absolute));
    if (file === undefined) fault(`there is no ${target}`, page);
    else if (hash !== '' && pages.has(file) && !idsOf.get(file).has(decodeURIComponent(hash)))
      fault(`${file} has no anchor #${hash}`, page);
  }
  const plain = page === '/index.html' ? 'llms.txt' : page.replace(/(\/index)?\.html$/, '.md');
  if (!existsSync(join(site, plain))) fault(`there is no ${plain}, the plain text`, page);
}
if (!existsSync(join(site, 'llms-full.txt'))) fault('there is no llms-full.txt', 'the site');
const told = [...faults].map(
  ([text, at]) => `${text}: on ${at.slice(0, 3).join(', ')}${at.length > 3 ? ` and ${at.length - 3} more` : ''}`,
);
finish(
  'links',
  told,
  'mend the link in the page (or in the doc comment or README that it is made from)',
  `${links} links on ${pages.size} pages`,
);
