import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressAllowed } from '../src/cidr.js';
import { cidrContains, parseCidr } from '../src/index.js';

const v4 = fc.ipV4();
const v6 = fc.ipV6();

/** The network of an address, written out: host bits cleared. */
function v4Network(address: string, prefix: number): string {
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const network = Math.floor(value / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
  return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
}

function v6Groups(address: string): string[] {
  return new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .flatMap((half, at, halves) => {
      const groups = half === '' ? [] : half.split(':');
      if (halves.length === 1) return groups;
      const others = halves[1 - at]!;
      const missing = 8 - groups.length - (others === '' ? 0 : others.split(':').length);
      return at === 0 ? [...groups, ...Array<string>(missing).fill('0')] : groups;
    });
}

function v6Network(address: string, prefix: number): string {
  const value = v6Groups(address).reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  const shift = BigInt(128 - prefix);
  const network = (value >> shift) << shift;
  return Array.from({ length: 8 }, (_, at) => ((network >> BigInt(112 - at * 16)) & 0xffffn).toString(16)).join(':');
}

describe('parseCidr', () => {
  it('takes an address exactly where Node does', () => {
    fc.assert(
      fc.property(
        fc.oneof(v4, v6, fc.string({ unit: fc.constantFrom(...'0123456789abcdefg:.'.split('')), maxLength: 20 })),
        (text) => {
          // Node lets a zone follow; a block has none.
          expect(parseCidr(text) !== undefined).toBe(isIP(text) !== 0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    '',
    '/',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/08',
    '1.2.3.0/24/8',
    '1.2.3.4/24',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1',
    ':',
    ':::',
    '1::2::3',
    '::1/129',
    '2001:db8::1/32',
    'fe80::1%eth0',
    '::ffff:1.2.3',
    '::1.2.3.4.5',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    '1.2.3.4::',
    '[::1]',
    '::1/-1',
    '1:2:3:4:5:6:7',
    'localhost',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('cidrContains', () => {
  it('decides IPv4 blocks as Node does', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), fc.boolean(), (base, other, prefix, near) => {
        const network = v4Network(base, prefix);
        const address = near ? base : other;
        const list = new BlockList();
        list.addSubnet(network, prefix, 'ipv4');
        const block = parseCidr(`${network}/${prefix}`);
        expect(block).toBeDefined();
        expect(cidrContains(block!, address)).toBe(list.check(address, 'ipv4'));
        // As a dual-stack socket shows the same client.
        expect(cidrContains(block!, `::ffff:${address}`)).toBe(list.check(address, 'ipv4'));
        expect(cidrContains(parseCidr(`::ffff:${network}/${prefix + 96}`)!, address)).toBe(list.check(address, 'ipv4'));
      }),
    );
  });

  it('decides IPv6 blocks as Node does', () => {
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 0, max: 128 }), fc.boolean(), (base, other, prefix, near) => {
        const address = near ? base : other;
        fc.pre(
          !v6Groups(address).join(':').startsWith('0:0:0:0:0:ffff:') &&
            !v6Groups(base).join(':').startsWith('0:0:0:0:0:ffff:'),
        );
        const network = v6Network(base, prefix);
        const list = new BlockList();
        list.addSubnet(network, prefix, 'ipv6');
        const block = parseCidr(`${network}/${prefix}`);
        expect(block).toBeDefined();
        expect(cidrContains(block!, address)).toBe(list.check(address, 'ipv6'));
      }),
    );
  });

  it('keeps the families apart', () => {
    expect(cidrContains(parseCidr('::/0')!, '1.2.3.4')).toBe(false);
    expect(cidrContains(parseCidr('::/0')!, '::ffff:1.2.3.4')).toBe(false);
    expect(cidrContains(parseCidr('0.0.0.0/0')!, '::1')).toBe(false);
    expect(cidrContains(parseCidr('0.0.0.0/0')!, '::ffff:102:304')).toBe(true);
  });

  it('holds nothing that is no address', () => {
    for (const text of ['', 'unknown', '1.2.3.4:80', '[::1]', 'fe80::1%eth0', '1.2.3.4, 5.6.7.8']) {
      expect(cidrContains(parseCidr('0.0.0.0/0')!, text)).toBe(false);
      expect(cidrContains(parseCidr('::/0')!, text)).toBe(false);
    }
  });
});

describe('addressAllowed', () => {
  it('refuses an unknown address, and a list that cannot be read', () => {
    expect(addressAllowed(['0.0.0.0/0', '::/0'], undefined)).toBe(false);
    expect(addressAllowed(['nonsense'], '1.2.3.4')).toBe(false);
    expect(addressAllowed([], '1.2.3.4')).toBe(false);
    expect(addressAllowed(['10.0.0.0/8', '1.2.3.4'], '1.2.3.4')).toBe(true);
  });
});
