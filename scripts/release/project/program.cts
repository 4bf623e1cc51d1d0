// The same packages from a CommonJS program in TypeScript, which requires ES modules.
import apiKey = require('@portcullis/api-key');
import core = require('@portcullis/core');
import express = require('@portcullis/express');

const keys = apiKey.createApiKeys({ storage: core.createMemoryStorage(), brand: 'acme', defaultScopes: [] });
const policy = core.createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const guard = core.createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] });

export const read = express.expressGuard(guard).require('posts:read');
