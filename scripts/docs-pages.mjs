// Writes the pages that stand elsewhere in the repository into docs/: each package's and example's README, and what the
// repository says of itself. Links between them are turned into links of the site. What is written here is not committed.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { requirementsPage } from './docs-requirements.mjs';
import { configurationPage, eventsPage } from './docs-types.mjs';
import { publishedPackages, root, workspacePackages } from './lib/workspace.mjs';

const project = [
  { source: 'packages/bench/README.md', page: 'project/performance.md', order: 1 },
  { source: 'SECURITY.md', page: 'project/security.md', order: 4 },
  { source: 'VERSIONING.md', page: 'project/versioning.md', order: 5 },
  { source: 'CONTRIBUTING.md', page: 'project/contributing.md', order: 6 },
];
const kinds = [
  'core',
  'api-key',
  'jwt',
  'session',
  'password',
  'oauth-client',
  'express',
  'koa',
  'hono',
  'fastify',
  'web',
];

const pages = [
  ...publishedPackages().map(({ folder }) => {
    const name = folder.replace('packages/', '');
    const place = kinds.indexOf(name);
    return { source: `${folder}/README.md`, page: `${folder}.md`, order: place === -1 ? kinds.length : place };
  }),
  ...workspacePackages()
    .filter(({ folder }) => folder.startsWith('examples/'))
    .map(({ folder }) => ({ source: `${folder}/README.md`, page: `${folder}.md`, order: 0 })),
  ...project,
].filter(({ source }) => existsSync(join(root, source)));
const pageOf = new Map(pages.map(({ source, page }) => [source, page]));

/** The site's link for a path of the repository, or undefined where the site has no such page. */
function siteLink(path) {
  const candidates = [path, posix.join(path, 'README.md')];
  for (const candidate of candidates) {
    const page = pageOf.get(candidate);
    if (page !== undefined) return `/${page}`;
    if (/^docs\/.*\.md$/.test(candidate) && existsSync(join(root, candidate)))
      return `/${candidate.slice('docs/'.length)}`;
  }
  return undefined;
}

const ofPackage = /^https:\/\/www\.npmjs\.com\/package\/@portcullis\/([a-z-]+)$/;

function rewrite(text, source) {
  return text.replaceAll(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (all, image, label, target) => {
    // How a README, which also stands alone on npm, names another package.
    const sibling = siteLink(`packages/${ofPackage.exec(target)?.[1]}`);
    if (sibling !== undefined) return `[${label}](${sibling})`;
    if (/^(https?:|#|mailto:)/.test(target)) return all;
    const [path, hash = ''] = target.split('#');
    const file = posix.normalize(posix.join(dirname(source), path));
    if (!existsSync(join(root, file))) throw new Error(`${source}: there is no ${file}`);
    if (image !== '') return `![${label}](${posix.relative(dirname(pageOf.get(source)), file.replace(/^docs\//, ''))})`;
    const link = siteLink(file);
    // A file of the repository that is no page: its name is all that the site can give.
    return link === undefined
      ? `${label} (\`${file}${statSync(join(root, file)).isDirectory() ? '/' : ''}\`)`
      : `[${label}](${link}${hash && `#${hash}`})`;
  });
}

function write(page, order, text) {
  const file = join(root, 'docs', page);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `---\norder: ${order}\neditLink: false\n---\n\n${text}`);
}

for (const folder of ['packages', 'examples', 'project'])
  rmSync(join(root, 'docs', folder), { recursive: true, force: true });
for (const { source, page, order } of pages)
  write(page, order, rewrite(readFileSync(join(root, source), 'utf8'), source));
write('project/configuration.md', 0.1, configurationPage());
write('project/events.md', 0.2, eventsPage());
write('project/requirements.md', 3, requirementsPage());
console.log(`docs: ${pages.length + 3} pages made from the repository`);
