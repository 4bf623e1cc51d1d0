// A registry in memory, for a dry run: what is published to it can be installed from it, as from the real one. It knows no
// package of anybody else; a project asks it for the scope @portcullis alone.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** @returns {Promise<{ url: string, published: () => Map<string, any>, close: () => void }>} */
export async function startRegistry() {
  const packages = new Map();
  const tarballs = new Map();
  let url;

  function publish({ name, versions, _attachments: attachments, 'dist-tags': tags }) {
    const known = packages.get(name) ?? { name, versions: {}, time: {}, 'dist-tags': {} };
    const [[version, manifest]] = Object.entries(versions);
    if (version in known.versions) return 403;
    const [{ data }] = Object.values(attachments);
    const path = `/${name}/-/${version}.tgz`;
    tarballs.set(path, Buffer.from(data, 'base64'));
    known.versions[version] = { ...manifest, dist: { ...manifest.dist, tarball: url + path } };
    // As if it were old: managers may refuse what is younger than a day.
    known.time[version] = '2020-01-01T00:00:00.000Z';
    Object.assign(known['dist-tags'], tags);
    packages.set(name, known);
    return 201;
  }

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, url).pathname);
    const json = (status, value) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(value));
    if (request.method === 'PUT') {
      const status = publish(JSON.parse(await buffer(request)));
      return json(status, status === 201 ? { ok: true } : { error: 'This version is published already.' });
    }
    const tarball = tarballs.get(path);
    if (tarball) return response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(tarball);
    const found = packages.get(path.slice(1));
    return found ? json(200, found) : json(404, { error: 'not found' });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  return { url, published: () => packages, close: () => (server.closeAllConnections(), server.close()) };
}
