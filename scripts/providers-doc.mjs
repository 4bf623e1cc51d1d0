// Writes docs/guide/oauth-providers.md from the providers' records and the fixtures that prove them; with --check it only compares.
// Run on source: node --conditions=@portcullis/source --import tsx scripts/providers-doc.mjs
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { finish } from './lib/fail.mjs';
import { readJson, root } from './lib/workspace.mjs';

const source = join(root, 'packages/oauth-client/src/providers/index.ts');
const fixtures = join(root, 'packages/oauth-client/test/providers');
const file = join(root, 'docs/guide/oauth-providers.md');
const providers = await import(pathToFileURL(source).href);

const code = (text) => `\`${text}\``;

function call(name, options) {
  if (options === undefined) return name;
  const given = Object.entries(options).map(([key, value]) => `${key}: '${value}'`);
  return `${name}({ ${given.join(', ')} })`;
}

const rows = readdirSync(fixtures).map((entry) => {
  const fixture = readJson(join(fixtures, entry));
  const name = fixture.export ?? entry.replace('.json', '');
  const exported = providers[name];
  const record = typeof exported === 'function' ? exported(fixture.options) : exported;
  const { label, openid, scopes } = record;
  const address =
    fixture.profile.email === undefined ? '' : fixture.profile.emailVerified ? 'checked, if it says so' : 'unchecked';
  return {
    label,
    line: `| [${label}](${fixture.documentation}) | ${code(call(name, fixture.options))} | ${openid ? 'OpenID Connect' : 'OAuth 2.0'} | ${scopes.map(code).join(' ')} | ${address} |`,
  };
});
rows.sort((a, b) => a.label.localeCompare(b.label, 'en') || a.line.localeCompare(b.line, 'en'));
const example = readFileSync(join(root, 'packages/e2e/test/acme-provider.ts'), 'utf8');

const text = `---
group: Sign in with others
order: 35
---

# Providers

A provider is data: where it is, and what is special about it. \`@portcullis/oauth-client/providers\` has ${rows.length} of them, each in a small file
that names the provider's own documentation. This page is generated from the records by \`npm run providers:update\`.

\`\`\`ts
import { createMemoryStorage, random } from '@portcullis/core';
import { createOAuthClient } from '@portcullis/oauth-client';
import { apple, appleClientSecret, entra, github, google } from '@portcullis/oauth-client/providers';

const env = (name: string): string => process.env[name] ?? '';

export const oauth = createOAuthClient({
  storage: createMemoryStorage(),
  origin: 'https://app.example.org',
  encryptionKeys: { current: 'k1', keys: { k1: random(32) } },
  providers: {
    google: { provider: google, clientId: env('GOOGLE_ID'), credential: { secret: env('GOOGLE_SECRET') } },
    github: { provider: github, clientId: env('GITHUB_ID'), credential: { secret: env('GITHUB_SECRET') } },
    microsoft: {
      provider: entra({ tenant: 'common' }),
      clientId: env('ENTRA_ID'),
      credential: { secret: env('ENTRA_SECRET') },
    },
    apple: {
      provider: apple,
      clientId: 'org.example.web',
      credential: {
        // Signed by us, good for a day, and made anew before it ends.
        secret: appleClientSecret({
          clientId: 'org.example.web',
          teamId: env('APPLE_TEAM_ID'),
          keyId: env('APPLE_KEY_ID'),
          privateKey: env('APPLE_PRIVATE_KEY'),
        }),
      },
    },
  },
});
\`\`\`

Register \`https://app.example.org/auth/google/callback\` at the provider, with your origin and your name for it.

## One of your own

Ten lines, for one that keeps to OpenID Connect:

\`\`\`ts
${example.trimEnd()}
\`\`\`

For one that does not, say where it listens (\`discovery: 'none'\`, \`endpoints\`), which requests describe the user (\`userInfo\`), and map the answers
in \`profile\`. A mapper throws nothing: what is missing is left out, and without a subject nobody is signed in. To change one of ours, spread it:
\`{ ...google, authorizationParameters: { access_type: 'offline', prompt: 'consent' } }\`.

## What to know

- **Who somebody is** says issuer and subject. An address can be given to somebody else tomorrow: show it, write to it, and link nobody by it.
- **\`emailVerified\`** is true only where the provider says in that answer that it checked the address. Some never say; some say so of everything but
  the address. Those are "unchecked" below.
- **Parameters are checked**: \`shopify({ shop })\`, \`auth0({ domain })\` and their like take what a customer typed, and throw \`invalid_option\` for
  whatever would lead to another host. An issuer (\`keycloak\`, \`zitadel\`, \`gitlabSelfManaged\`) is for configuration.
- **A provider that signs its callbacks** has the signature checked before anything in them is used: Shopify's \`hmac\`, by the client secret.
- **What a renewal repeats** of the callback is kept, sealed, with the tokens: VK's \`device_id\`.
- **PKCE** with S256 goes out always. A provider that does not know it ignores it.
- Scopes are the least for a sign-in. Replace them in the registration: \`{ provider: google, scopes: ['openid', 'email'], ... }\`.

## All of them

| provider | import | protocol | scopes | address |
| --- | --- | --- | --- | --- |
${rows.map(({ line }) => line).join('\n')}
`;
const same = existsSync(file) && readFileSync(file, 'utf8').replaceAll('\r\n', '\n') === text;
if (process.argv.includes('--check')) {
  const faults = same ? [] : ['docs/guide/oauth-providers.md differs from the records'];
  finish('providers', faults, 'npm run providers:update', `${rows.length} providers`);
} else if (!same) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log('providers: wrote docs/guide/oauth-providers.md');
}
