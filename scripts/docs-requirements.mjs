// The page of requirements: each assertion with its source and the tests that prove it.
import { join } from 'node:path';
import { citations } from './lib/citations.mjs';
import { readJson, root } from './lib/workspace.mjs';

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;');

export function requirementsPage() {
  const rows = readJson(join(root, 'packages/e2e/requirements.json'));
  const provenBy = new Map();
  for (const { file, ids } of citations())
    for (const id of ids) provenBy.set(id, (provenBy.get(id) ?? new Set()).add(file));

  const areas = [...new Set(rows.map(({ area }) => area))].map((area) => ({
    area,
    rows: rows.filter((row) => row.area === area),
  }));
  const count = (list) => list.filter(({ id }) => provenBy.has(id)).length;
  const line = ({ id, source, assertion }) => {
    const files = [...(provenBy.get(id) ?? [])].sort().map((file) => `\`${file.replace(/^packages\//, '')}\``);
    return `| ${id} | ${cell(source ?? '')} | ${cell(assertion)} | ${files.join('<br>') || 'not proven yet'} |`;
  };
  return `# Standards and coverage

What we hold ourselves to: ${rows.length} assertions drawn from RFCs, the OWASP ASVS and cheat sheets, NIST publications and
attacks that happened. A test that proves one names its id. This page is made from those tests, so it cannot claim more
than they do: ${count(rows)} are proven, and the others say "not proven yet".

A citation says that a test states the assertion and passes. It is no certificate, and no audit by others.

| area | assertions | proven |
| --- | ---: | ---: |
${areas.map((each) => `| ${each.area} | ${each.rows.length} | ${count(each.rows)} |`).join('\n')}
${areas
  .map(
    (each) =>
      `\n## ${each.area[0].toUpperCase()}${each.area.slice(1)}\n\n| id | source | assertion | proven by |\n| --- | --- | --- | --- |\n${each.rows.map(line).join('\n')}`,
  )
  .join('\n')}
`;
}
