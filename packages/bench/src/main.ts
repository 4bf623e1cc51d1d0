/** `npm run bench`, or some of it: `npm run bench -- api-keys authorization`. Prints Markdown tables. */
const groups: Readonly<Record<string, () => Promise<void>>> = {
  'api-keys': async () => (await import('./api-keys.js')).apiKeys(),
  authorization: async () => (await import('./authorization.js')).authorization(),
  jwt: async () => (await import('./jwt.js')).jwt(),
  sessions: async () => (await import('./sessions.js')).sessions(),
  requests: async () => (await import('./requests.js')).requests(),
  'flat-lookup': async () => (await import('./flat-lookup.js')).flatLookup(),
  'storage-scale': async () => (await import('./storage-scale.js')).storageScale(),
  'storage-size': async () => (await import('./storage-size.js')).storageSize(),
  'storage-sweep': async () => (await import('./storage-sweep.js')).storageSweep(),
  'bundle-parts': async () => (await import('./bundle-parts.js')).bundleParts(),
  'import-cost': async () => (await import('./import-cost.js')).importCost(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(`bench: no group is called ${unknown.join(', ')}. There are: ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}
console.log(`node ${process.version}, ${process.arch}, ${new Date().toISOString().slice(0, 10)}`);
// A million records in four databases take from minutes to an hour: only when asked for.
const usual = Object.keys(groups).filter((name) => !name.startsWith('storage-'));
for (const name of asked.length > 0 ? asked : usual) await groups[name]?.();
process.exit(0);
