import type { Denial } from './denial.js';
import type { Problem } from './outcome.js';

/** The media type of every error body. */
export const problemContentType = 'application/problem+json';

const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/**
 * The RFC 9457 body of a denial. Of type `about:blank` its title is the HTTP phrase; of any other it is the denial's own.
 * An extension cannot replace a member that the standard or Portcullis gives. Nothing of the request is put in.
 * @see RFC 9457 sections 3 and 4.2.1
 */
export function createProblem({ code, status, detail, type = 'about:blank', title, extensions }: Denial): Problem {
  const phrase = phrases[status] ?? (status < 500 ? 'Bad Request' : 'Internal Server Error');
  return {
    ...extensions,
    type,
    title: type === 'about:blank' ? phrase : (title ?? phrase),
    status,
    ...(detail !== undefined && { detail }),
    code,
  };
}
