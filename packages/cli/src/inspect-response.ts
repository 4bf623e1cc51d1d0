import { UsageError } from './failures.js';

/** What `doctor` found in one place. */
export interface Finding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
}

const timeoutMs = 10_000;
const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)$/;

/** Asks a running application for a page and looks at what a browser would get. */
export async function inspectResponse(url: string, cookieName: string): Promise<readonly Finding[]> {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new UsageError('--url takes an address as in https://app.example.org/sign-in.');
  const { protocol, hostname } = new URL(url);
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
  } catch (error) {
    const { cause, message } = error as Error;
    return [
      {
        check: 'page',
        result: 'failed',
        detail: `it does not answer: ${(cause as { code?: string } | undefined)?.code ?? message}`,
      },
    ];
  }
  const plain = protocol === 'http:' && !local.test(hostname);
  const findings: Finding[] = [
    plain
      ? { check: 'page', result: 'failed', detail: 'it is served over plain http: serve it over https' }
      : { check: 'page', result: 'ok', detail: `answers ${response.status}` },
  ];
  if (protocol === 'https:') {
    const strict = response.headers.has('strict-transport-security');
    findings.push({
      check: 'page',
      result: strict ? 'ok' : 'warning',
      detail: strict
        ? 'sends Strict-Transport-Security'
        : 'sends no Strict-Transport-Security: a first visit over http can be caught',
    });
  }
  const field = response.headers.getSetCookie().find((each) => each.startsWith(`${cookieName}=`));
  if (field === undefined)
    return [
      ...findings,
      { check: 'cookie sent', result: 'skipped', detail: `the page sets no ${cookieName}; give one that does` },
    ];
  // Attributes only: the value is a credential.
  const attributes = field
    .split(';')
    .slice(1)
    .map((part) => part.trim().toLowerCase());
  const faults = [
    attributes.includes('secure') ? '' : 'is not Secure: did a proxy take it off?',
    attributes.includes('httponly') ? '' : 'is not HttpOnly: scripts of the page can read it',
    attributes.some((part) => part.startsWith('samesite=')) ? '' : 'has no SameSite',
    cookieName.startsWith('__Host-') &&
    (attributes.some((part) => part.startsWith('domain=')) || !attributes.includes('path=/'))
      ? 'has a Domain or another Path, so that browsers drop it'
      : '',
  ].filter(Boolean);
  findings.push(
    faults.length === 0
      ? { check: 'cookie sent', result: 'ok', detail: `${cookieName} is Secure, HttpOnly and SameSite` }
      : { check: 'cookie sent', result: 'failed', detail: `${cookieName} ${faults.join(', ')}` },
  );
  if (!/no-store|private/.test(response.headers.get('cache-control') ?? ''))
    findings.push({
      check: 'cookie sent',
      result: 'failed',
      detail: 'a response that sets it may be cached by others: a proxy took Cache-Control off?',
    });
  return findings;
}
