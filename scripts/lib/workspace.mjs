// What every script asks about the workspace. Packages that have no source yet are left out where that matters.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

const folders = (parent) =>
  existsSync(join(root, parent))
    ? readdirSync(join(root, parent))
        .sort()
        .map((name) => `${parent}/${name}`)
        .filter((folder) => existsSync(join(root, folder, 'package.json')))
    : [];

/** @returns {{ folder: string, dir: string, name: string, manifest: any, entries: { name: string, source: string }[] }[]} */
export function workspacePackages() {
  return [...folders('packages'), ...folders('examples'), 'docs'].map((folder) => {
    const dir = join(root, folder);
    const manifest = readJson(join(dir, 'package.json'));
    const entries = Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
      target['@portcullis/source'] ? [{ name: subpath, source: target['@portcullis/source'] }] : [],
    );
    return { folder, dir, name: manifest.name, manifest, entries };
  });
}

/** Packages that are published and whose every entry has been written. */
export function publishedPackages() {
  return workspacePackages().filter(
    ({ dir, manifest, entries }) =>
      !manifest.private && entries.length > 0 && entries.every(({ source }) => existsSync(join(dir, source))),
  );
}

export function filesUnder(dir, wanted) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesUnder(path, wanted) : wanted(path) ? [path] : [];
  });
}

/** Paths, from the root, of the source files that some exports map names. */
export function publishedNames() {
  return workspacePackages().flatMap(({ folder, manifest, entries }) => {
    const plain = Object.values(manifest.exports ?? {}).filter((target) => typeof target === 'string');
    return [...entries.map(({ source }) => source), ...plain].map((source) => `${folder}/${source.replace('./', '')}`);
  });
}

/** The framework adapters: twins of each other. */
export const frameworks = ['express', 'koa', 'hono', 'fastify', 'web'];
