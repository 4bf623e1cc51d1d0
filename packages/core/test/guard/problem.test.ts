import { STATUS_CODES } from 'node:http';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coreErrors, type DenialCode } from '../../src/errors/core-errors.js';
import { deny } from '../../src/guard/denial.js';
import { createProblem, problemContentType } from '../../src/guard/problem.js';
import vectors from '../vectors/problem-details.json' with { type: 'json' };

const codes: readonly DenialCode[] = [
  'credential_missing',
  'invalid_request',
  'permission_denied',
  'not_found',
  'rate_limited',
  'unavailable',
];

describe('createProblem', () => {
  it(`gives type about:blank the HTTP phrase as its title ${requirement('C18')}`, () => {
    for (const code of codes) {
      const problem = createProblem(deny(code, { title: 'Another title' }));
      expect(problem).toEqual({
        type: 'about:blank',
        title: STATUS_CODES[coreErrors[code].status],
        status: coreErrors[code].status,
        code,
      });
    }
    // Node's own list still has the phrases that RFC 9110 renamed for 413 and 422.
    for (const status of [400, 401, 403, 404, 405, 409, 415, 429, 500, 502, 503]) {
      expect(createProblem({ code: 'x', status }).title).toBe(STATUS_CODES[status]);
    }
    expect([413, 422].map((status) => createProblem({ code: 'x', status }).title)).toEqual([
      'Content Too Large',
      'Unprocessable Content',
    ]);
  });

  it(`has the media type and the status of the response ${requirement('C17')}`, () => {
    expect(problemContentType).toBe('application/problem+json');
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), (status) => {
        expect(createProblem({ code: 'x', status, extensions: { status: 200 } }).status).toBe(status);
      }),
    );
  });

  it('keeps the members of a type of its own, as the examples of RFC 9457 have them', () => {
    for (const { status, contentType, body } of vectors.examples) {
      const { type, title, detail, ...extensions } = body as { type: string; title: string; detail?: string };
      expect(contentType).toBe(problemContentType);
      const problem = createProblem({
        code: 'x',
        status,
        type,
        title,
        extensions,
        ...(detail !== undefined && { detail }),
      });
      expect(problem).toEqual({ ...body, status, code: 'x' });
    }
  });

  it('lets no extension replace a member of the standard', () => {
    const extensions = { type: 'a', title: 'b', status: 1, detail: 'c', code: 'd', more: 2 };
    const problem = createProblem(deny('not_found', { detail: 'No such post.', extensions }));
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'No such post.',
      code: 'not_found',
      more: 2,
    });
  });
});
