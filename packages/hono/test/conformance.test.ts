import { frameworkSuite } from '@portcullis/conformance';
import { mountOn, onNode, onWeb } from './mount.js';

frameworkSuite({ name: 'Hono 4 on Node', mount: mountOn(onNode) });

frameworkSuite({
  name: 'Hono 4 on a web Request',
  mount: mountOn(onWeb),
  skip: [
    {
      reason: 'A web Request shows an absolute URL, no peer address, and fields sent twice joined as one.',
      tests: ['request.facts', 'request.forwarded', 'request.proxied'],
    },
  ],
});
