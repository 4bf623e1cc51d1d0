import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathTemplates, templateKey, templateParameters } from '../../src/openapi/path-templates.js';

const pathsOf = (pattern: string) => pathTemplates(pattern)?.map(({ path }) => path);

describe('pathTemplates', () => {
  it.each([
    ['/', ['/']],
    ['/posts', ['/posts']],
    ['/posts/', ['/posts']],
    ['/posts/:id', ['/posts/{id}']],
    ['/v:version/a-:from-:to.json', ['/v{version}/a-{from}-{to}.json']],
    // Express 4, Koa with @koa/router 12, Fastify
    ['/posts/:id(\\d+)/x', ['/posts/{id}/x']],
    ['/posts/:id((?:a|b)\\))', ['/posts/{id}']],
    ['/posts/:id?', ['/posts/{id}', '/posts']],
    ['/:lang?/posts', ['/{lang}/posts', '/posts']],
    ['/:id?', ['/{id}', '/']],
    ['/a::b', ['/a:b']],
    // Hono
    ['/posts/:id{[0-9]+}', ['/posts/{id}']],
    ['/:kind{a|b}/:id?', ['/{kind}/{id}', '/{kind}']],
    ['/files/:name{.+\\.png}', ['/files/{name}']],
    ['/files/:name{.*}/:year{[0-9]{4}}', ['/files/{name}/{year}']],
    // Express 5, @koa/router 13 and later
    ['/posts{/:id}', ['/posts/{id}', '/posts']],
    ['/posts/:id{.:format}', ['/posts/{id}.{format}', '/posts/{id}']],
    ['/posts/:id{/edit}', ['/posts/{id}/edit', '/posts/{id}']],
    ['/a{/:b{/:c}}', ['/a/{b}/{c}', '/a/{b}', '/a']],
    ['/posts/:"post id"', ['/posts/{post id}']],
    ['/posts\\:all', ['/posts:all']],
  ])('says %s as %j', (pattern, paths) => {
    expect(pathsOf(pattern)).toEqual(paths);
    expect(pathTemplates(pattern)?.some(({ takesRest }) => takesRest)).toBe(false);
  });

  it.each([
    ['*', '/{rest}'],
    ['/files/*', '/files/{rest}'],
    ['/files/*path', '/files/{path}'],
    ['/files/:path+', '/files/{path}'],
    ['/files/:path*', '/files/{path}'],
  ])('knows that %s takes the rest', (pattern, path) => {
    expect(pathTemplates(pattern)).toContainEqual({ path, takesRest: true });
  });

  it.each([
    '/^\\/posts\\/(.*)$/',
    '/a(.*)',
    '/a|/b',
    '/a[0-9]',
    '/a*',
    '/:',
    '/a{',
    '/a{b',
    '/a}',
    '/x?',
    '/:a(b',
    '/\\}',
    '/\\{',
    '/:"a}"',
    '/*"{a"',
  ])('says that no template is %s', (pattern) => {
    expect(pathsOf(pattern)).toBeUndefined();
  });

  it('ends for any text, with templates whose braces match', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('/:ab*?+(){}[]|\\".')), maxLength: 14 }),
        (pattern) => {
          for (const { path } of pathTemplates(pattern) ?? []) {
            expect(path.startsWith('/')).toBe(true);
            expect(templateKey(path).split('{').length).toBe(templateKey(path).split('}').length);
          }
        },
      ),
    );
  });
});

describe('templateKey', () => {
  it('is the same for templates that differ in names or a last slash, and no others', () => {
    expect(templateKey('/posts/{id}/')).toBe(templateKey('/posts/{postId}'));
    expect(templateKey('/posts/{id}')).not.toBe(templateKey('/posts/id'));
    expect(templateKey('/')).toBe('/');
    expect(templateParameters('/{a}/x-{b}')).toEqual(['a', 'b']);
  });
});
