import { invalidOption } from '../errors/core-errors.js';

/**
 * How many proxies stand in front of this process. `false`: none, and X-Forwarded-For is not looked at.
 * Each of them must append the address it was called from; one that passes the field on untouched is not counted.
 */
export type TrustProxy = number | false;

/**
 * Checks the setting.
 * @throws {CoreError} `invalid_option` for anything but `false` and whole numbers from 1 to 32.
 */
export function readTrustProxy(value: TrustProxy = false): TrustProxy {
  if (value !== false && !(Number.isInteger(value) && value >= 1 && value <= 32))
    throw invalidOption('trustProxy', 'give the number of proxies in front of this process, 1 to 32, or false');
  return value;
}

const address = /^(?:\[([\da-f:.]+)\]|([\da-f]*:[\da-f]*:[\da-f:.]*)|(\d{1,3}(?:\.\d{1,3}){3}))(?<port>:\d+)?$/i;
const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** An address without brackets, port and IPv4 mapping; `undefined` for what is none (`unknown`, a name, junk). */
function plainAddress(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const [, bracketed, six, four] = address.exec(value.trim()) ?? [];
  const found = bracketed ?? six ?? four;
  return found === undefined ? undefined : (mapped.exec(found)?.[1] ?? found);
}

/**
 * The client's address: the peer's own, or with `trustProxy` the entry of X-Forwarded-For that the outermost trusted
 * proxy wrote, counted from the right. What a client writes itself stands further left and is never reached, as long
 * as nobody can call this process around its proxies.
 *
 * An entry that is no IP address gives `undefined`, which no allow-list contains.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: readonly string[],
  trustProxy: TrustProxy,
): string | undefined {
  if (trustProxy === false || forwardedFor.length === 0) return plainAddress(peer);
  const entries = forwardedFor.join(',').split(',');
  return plainAddress(entries[Math.max(0, entries.length - trustProxy)]);
}
