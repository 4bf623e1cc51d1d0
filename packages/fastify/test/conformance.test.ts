import { frameworkSuite } from '@portcullis/conformance';
import fastify from 'fastify';
import fastify4 from 'fastify4';
import { type FastifyModule, mountOn } from './mount.js';

frameworkSuite({ name: 'Fastify 5', mount: mountOn(fastify as unknown as FastifyModule) });

frameworkSuite({
  name: 'Fastify 4',
  mount: mountOn(fastify4 as unknown as FastifyModule),
  skip: [
    { reason: 'Fastify 4 routes a fixed list of methods, without PURGE and REPORT.', tests: ['auth.every-method'] },
  ],
});
