// Publishes all packages, or with --dry-run does everything but that: it tries the next version's changelogs on a copy,
// publishes to a registry in memory, and installs from it with each package manager. The build must be there.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './lib/fail.mjs';
import { publishedPackages, root } from './lib/workspace.mjs';
import { tryChangelog } from './release/changelog.mjs';
import { dryRun } from './release/dry-run.mjs';
import { publish } from './release/publish.mjs';

const packages = publishedPackages();
const [
  {
    manifest: { version },
  },
] = packages;

/** What stands in the way of a real release. */
function obstacles() {
  const faults = [];
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).trim();
  if (changed !== '') faults.push(`the checkout has changes:\n${changed}`);
  const waiting = readdirSync(join(root, '.changeset')).filter((file) => /^(?!README).*\.md$/.test(file));
  if (waiting.length > 0) faults.push(`changesets wait for npm run version: ${waiting.join(', ')}`);
  for (const { folder, manifest } of packages) {
    if (manifest.version !== version) faults.push(`${folder} has version ${manifest.version}, others ${version}`);
    // A provenance statement says which repository a package was built from; the registry compares it with this field.
    if (manifest.repository === undefined) faults.push(`${folder}/package.json names no repository`);
  }
  return faults;
}

const mend = 'see CONTRIBUTING.md, "Releasing"';
if (process.argv.includes('--dry-run')) {
  const changelog = tryChangelog();
  const { faults, summary } = await dryRun();
  finish('release', [...changelog.faults, ...faults], mend, `${changelog.version} would be next; ${summary}`);
} else {
  const faults = obstacles();
  if (faults.length === 0) faults.push(...(await dryRun()).faults);
  if (faults.length === 0) {
    const { ok, output } = await publish({ provenance: true });
    if (!ok) faults.push(output);
  }
  if (faults.length === 0) {
    const tags = execFileSync('git', ['tag', '--list', `v${version}`], { cwd: root, encoding: 'utf8' }).trim();
    if (tags === '')
      execFileSync('git', ['tag', '--annotate', `v${version}`, '--message', `v${version}`], { cwd: root });
  }
  finish('release', faults, mend, `${packages.length} packages published as ${version}; push the tag v${version}`);
}
