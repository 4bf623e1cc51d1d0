import { describe, expect, it } from 'vitest';
import { builtPage, codeTabs, tableRows } from '../support/built-page.js';
import { quickStarts, withServer } from '../support/quick-start.js';

const html = builtPage('guide/index.html');
const tabs = codeTabs(html);
const rows = tableRows(html);
const under = (tab: string, language: string): string =>
  tabs.find((each) => each.tab === tab && each.language === language)?.code ?? '';

/** A `curl` of the table as a request: the few words that the table has, and nothing else. */
function readCurl(command: string, keys: Readonly<Record<string, string>>): [path: string, init: RequestInit] {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const headers = new Headers();
  let method = 'GET';
  let path: string | undefined;
  for (let at = 1; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '-X') method = words[++at] ?? '';
    else if (word === '-H') {
      const [name = '', value = ''] = (words[++at] ?? '').split(': ');
      headers.set(
        name,
        value.replace(/<(\w+)'s key>/, (all, who: string) => keys[who] ?? all),
      );
    } else if (word.startsWith('localhost:3000/')) path = word.slice('localhost:3000'.length);
    else throw new Error(`the table has a command that this test cannot read: ${command}`);
  }
  if (words[0] !== 'curl' || path === undefined) throw new Error(`this is no call: ${command}`);
  return [path, { method, headers }];
}

describe('the quick start, as the built site shows it', () => {
  it('has a program and what to install under each tab', () => {
    for (const language of ['sh', 'ts'])
      expect(tabs.filter((each) => each.language === language).map(({ tab }) => tab)).toEqual(Object.keys(quickStarts));
    expect(rows.length).toBeGreaterThan(3);
  });

  describe.each(Object.keys(quickStarts))('copied from under %s', (tab) => {
    it('imports what the same tab says to install, and nothing else', () => {
      const imported = [...under(tab, 'ts').matchAll(/from '((?:@[\w-]+\/)?[\w-]+)[^']*'/g)].map(([, name]) => name);
      const installed = (/^npm install (?!--)(.*)$/m.exec(under(tab, 'sh'))?.[1] ?? '').split(' ');
      expect([...new Set(imported)].sort()).toEqual([...installed].sort());
    });

    it('runs, and answers what the table says', { timeout: 60_000 }, async () => {
      await withServer(under(tab, 'ts'), async (url, keys) => {
        for (const [command = '', answer = ''] of rows) {
          const [path, init] = readCurl(command, keys);
          const response = await fetch(`${url}${path}`, init);
          const body = await response.text();
          const [status, code] = answer.split(' ');
          expect([command, response.status]).toEqual([command, Number(status)]);
          if (code !== undefined) expect(JSON.parse(body)).toMatchObject({ code });
        }
      });
    });
  });
});
