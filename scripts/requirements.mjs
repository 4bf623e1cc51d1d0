// The requirements gate: which ids of packages/e2e/requirements.json does some test cite with requirement('C1', ...)?
// A citation of an unknown id fails; ids that no test proves yet are listed. With --missing it prints their text too.
import { join } from 'node:path';
import { citations } from './lib/citations.mjs';
import { finish } from './lib/fail.mjs';
import { readJson, root } from './lib/workspace.mjs';

const rows = readJson(join(root, 'packages/e2e/requirements.json'));
const known = new Set(rows.map(({ id }) => id));
const cited = new Set();
const faults = [];

for (const { file, call, ids } of citations()) {
  if (ids.length === 0) faults.push(`${file}: ${call} names no id as a plain string`);
  for (const id of ids) {
    if (known.has(id)) cited.add(id);
    else faults.push(`${file}: there is no requirement ${id}`);
  }
}

const missing = rows.filter(({ id }) => !cited.has(id));
for (const area of new Set(missing.map((row) => row.area))) {
  const list = missing.filter((row) => row.area === area);
  console.log(`not proven yet, ${area}: ${list.map(({ id }) => id).join(' ')}`);
  if (process.argv.includes('--missing'))
    for (const { id, source, assertion } of list) console.log(`  ${id} | ${source} | ${assertion}`);
}
finish(
  'requirements',
  faults,
  'cite ids of packages/e2e/requirements.json as string literals',
  `${cited.size} of ${rows.length} proven`,
);
