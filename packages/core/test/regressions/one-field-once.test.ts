import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createResponseSink } from '../../src/node/index.js';

/** The field lines of one name, as they went over the wire. */
async function lines(name: string, answer: (response: ServerResponse) => void): Promise<string[]> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const raw = await new Promise<string[]>((resolve, reject) => {
      request({ port, host: '127.0.0.1' }, ({ rawHeaders }) => resolve(rawHeaders))
        .on('error', reject)
        .end();
    });
    return raw.filter((_text, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

// A page and the sign-in behind it both said no-store, and the answer carried it twice.
it('says once what the application and a feature both say', async () => {
  const both = (response: ServerResponse): void => {
    createResponseSink(response).append('cache-control', 'no-store');
    createResponseSink(response).append('cache-control', 'no-store');
    response.setHeader('cache-control', 'no-store');
    response.end();
  };
  expect(await lines('cache-control', both)).toEqual(['no-store']);
  const given = (response: ServerResponse): void => {
    createResponseSink(response).append('cache-control', 'no-store');
    response.writeHead(303, { 'cache-control': 'no-store', location: '/' }).end();
  };
  expect(await lines('cache-control', given)).toEqual(['no-store']);
});

it('leaves what differs, and what only the application says', async () => {
  const differing = (response: ServerResponse): void => {
    const sink = createResponseSink(response);
    for (const value of ['a=1', 'b=2']) sink.append('set-cookie', value);
    response.writeHead(200, { 'set-cookie': ['c=3', 'c=3'] }).end();
  };
  expect(await lines('set-cookie', differing)).toEqual(['c=3', 'c=3', 'a=1', 'b=2']);
});
