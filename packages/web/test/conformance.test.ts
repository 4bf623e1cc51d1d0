import { frameworkSuite } from '@portcullis/conformance';
import { mount } from './mount.js';

frameworkSuite({
  name: 'A route table of fetch handlers',
  mount,
  skip: [
    {
      reason: 'A web Request shows an absolute URL, and fields sent twice joined as one.',
      tests: ['request.facts'],
    },
    { reason: 'A route table is always closed, so no undeclared route answers.', tests: ['closed.without'] },
  ],
});
