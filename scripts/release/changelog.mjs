// Tries `changeset version` on a copy: every package must get the same new version and an entry of its changelog.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publishedPackages, readJson, root } from '../lib/workspace.mjs';

const said = 'A sentence that only this changeset has.';

/** Faults found, and the version that the next release would have. */
export function tryChangelog() {
  const copy = mkdtempSync(join(tmpdir(), 'portcullis-version-'));
  const faults = [];
  const packages = publishedPackages();
  try {
    const listed = execFileSync('git', ['ls-files', '.changeset', 'pnpm-workspace.yaml', '*package.json'], {
      cwd: root,
      encoding: 'utf8',
    });
    for (const file of listed.trim().split('\n')) {
      if (!existsSync(join(root, file))) continue;
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
    writeFileSync(join(copy, '.changeset/of-the-dry-run.md'), `---\n'${packages[0].name}': patch\n---\n\n${said}\n`);
    for (const args of [
      ['init', '--quiet'],
      ['add', '.'],
    ])
      execFileSync('git', args, { cwd: copy });
    const program = join(root, 'node_modules/@changesets/cli/bin.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'version'], {
      cwd: copy,
      encoding: 'utf8',
    });
    if (status !== 0) return { faults: [`changeset version ended with ${status}\n${stdout}${stderr}`] };

    const at = (folder, file) => join(copy, folder, file);
    const versions = new Set(packages.map(({ folder }) => readJson(at(folder, 'package.json')).version));
    if (versions.size > 1) faults.push(`the packages would have several versions: ${[...versions].join(', ')}`);
    const [version] = versions;
    if (version === packages[0].manifest.version) faults.push('the packages would keep their version');
    for (const { folder, name } of packages) {
      const changelog = at(folder, 'CHANGELOG.md');
      if (!existsSync(changelog) || !readFileSync(changelog, 'utf8').includes(`## ${version}`))
        faults.push(`${name} would have no entry for ${version} in its changelog`);
    }
    if (!readFileSync(at(packages[0].folder, 'CHANGELOG.md'), 'utf8').includes(said))
      faults.push(`${packages[0].name}'s changelog does not say what its changeset says`);
    return { faults, version };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
