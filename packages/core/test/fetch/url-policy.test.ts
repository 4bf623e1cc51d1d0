import { describe, expect, it } from 'vitest';
import { urlObjection } from '../../src/fetch/index.js';

describe('urlObjection', () => {
  it.each([
    '0.0.0.1',
    '10.0.0.0',
    '10.255.255.255',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.1',
    '192.0.2.1',
    '198.18.0.0',
    '198.19.255.255',
    '[::1]',
    '[::ffff:10.0.0.1]',
    '[fd00::1]',
    '[fe80::1]',
    '[1fff::1]',
    '[4000::1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
    '[2001::1]',
    '[2001:db8::1]',
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'printer.local',
    'vault.internal',
    'wiki.intranet',
    'nas.lan',
    'hub.home.arpa',
    'vault.internal.',
    'vault',
    'vault.',
  ])('refuses https://%s as private', (host) => {
    expect(urlObjection(`https://${host}/`, false)).toMatch(/private network/);
    expect(urlObjection(`https://${host}/`, true)).toBeUndefined();
    expect(urlObjection(`http://${host}/`, true)).toBeUndefined();
  });

  it.each([
    '1.0.0.1',
    '9.255.255.255',
    '11.0.0.0',
    '126.0.0.1',
    '128.0.0.1',
    '223.255.255.255',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.0.1',
    '169.255.0.1',
    '172.15.0.1',
    '172.32.0.0',
    '171.16.0.1',
    '192.167.0.1',
    '192.169.0.1',
    '191.168.0.1',
    '198.17.0.1',
    '198.20.0.1',
    '197.18.0.1',
    '101.64.0.1',
    '170.254.0.1',
    '[2000::1]',
    '[3fff::1]',
    '[2606:4700::1111]',
    '[2001:4860::8888]',
    '[2003::1]',
    'example.org',
    'example.org.',
    'localhost.example.org',
    'notlocal.example',
    'mylan.example',
    'a.localhosts.example',
  ])('takes https://%s', (host) => {
    expect(urlObjection(`https://${host}/path?x=1`, false)).toBeUndefined();
    expect(urlObjection(`http://${host}/`, false)).toMatch(/https:/);
  });

  it('refuses what is no address of a document, whatever the network', () => {
    for (const [url, objection] of [
      ['/relative', /absolute/],
      ['', /absolute/],
      ['https://ada@example.org/', /user name/],
      ['https://:pw@example.org/', /user name/],
      ['https://example.org/#x', /fragment/],
      ['ftp://example.org/', /https:/],
      ['data:,x', /https:/],
    ] as const) {
      for (const allowPrivate of [false, true]) expect(urlObjection(url, allowPrivate), url).toMatch(objection);
    }
  });
});
