import type { Clock } from '../runtime/environment.js';
import type { Authenticated } from './authenticator.js';
import type { AuthRequest } from './request.js';

/** The longest delay that timers take. */
const longestDelay = 0x7fff_ffff;

/**
 * An `AbortSignal` that fires when the credential expires or is revoked. Its timer and subscription end with the
 * exchange where the adapter can tell, and never keep a process alive.
 */
export function authSignal(request: AuthRequest, result: Authenticated, clock: Clock): AbortSignal {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe: (() => void) | undefined;
  const release = (): void => {
    clearTimeout(timer);
    unsubscribe?.();
  };
  const end = (reason: string): void => {
    release();
    controller.abort(new DOMException(reason, 'AbortError'));
  };
  const { expiresAt } = result.credential;
  if (expiresAt !== undefined) {
    const wait = (): void => {
      const left = expiresAt - clock();
      if (left <= 0) return end('The credential has expired.');
      timer = setTimeout(wait, Math.min(left, longestDelay));
      // Node's timers are objects with unref; elsewhere they are numbers and hold nothing open.
      (timer as { unref?: () => void }).unref?.();
    };
    wait();
  }
  if (!controller.signal.aborted) unsubscribe = result.onRevoked?.(() => end('The credential was revoked.'));
  request.onClose?.(release);
  return controller.signal;
}
