const hexGroup = /^[\da-f]{1,4}$/;
const dotted = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * The network that one caller is counted by: an IPv4 address itself, an IPv6 address' /64, because a single customer has at least
 * one of those. IPv4 written as IPv6 counts as IPv4. What is no address is returned as it is, in lower case.
 */
export function networkOf(address: string): string {
  const text = address.toLowerCase().split('%', 1)[0] ?? '';
  const [head = '', tail, more] = text.split('::');
  if (!text.includes(':') || more !== undefined) return text;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const last = right.at(-1) ?? left.at(-1) ?? '';
  const embedded = dotted.test(last);
  const size = left.length + right.length + (embedded ? 1 : 0);
  if (tail === undefined ? size !== 8 : size > 7) return text;
  const groups = [...left, ...Array<string>(8 - size).fill('0'), ...right].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  );
  if (embedded) {
    const prefix = groups.slice(0, -1).join(':');
    if (prefix === '0:0:0:0:0:ffff') return last;
    groups.pop();
    groups.push('0', '0');
  } else if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') {
    const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [(high ?? 0) >> 8, (high ?? 0) & 255, (low ?? 0) >> 8, (low ?? 0) & 255].join('.');
  }
  return groups.every((group) => hexGroup.test(group)) ? `${groups.slice(0, 4).join(':')}::` : text;
}
