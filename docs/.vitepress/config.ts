import { defineConfig } from 'vitepress';
import llms from 'vitepress-plugin-llms';
import { nameRepositoryFiles } from './repository-files.js';
import { drawSequence } from './sequence.js';
import { createSidebar } from './sidebar.js';

export default defineConfig({
  title: 'Portcullis',
  description: 'Authentication, then authorization, for any JavaScript server.',
  lang: 'en',
  cleanUrls: true,
  outDir: 'dist',
  cacheDir: '.cache',
  srcExclude: ['snippets/**', 'test/**'],
  rewrites: { 'design/README.md': 'design/index.md' },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, options, env, self) => {
        const token = tokens[index];
        if (token === undefined || fence === undefined) return '';
        if (token.info.trim() === 'mermaid') return drawSequence(token.content);
        // Where a fence comes from concerns scripts/snippets.mjs alone.
        token.info = token.info.replace(/ file=\S+/, '');
        return fence(tokens, index, options, env, self);
      };
      md.core.ruler.push('repository-files', nameRepositoryFiles);
    },
  },
  vite: {
    plugins: [
      llms({
        domain: '',
        // One entry's page holds all its names; the whole would be most of the file, and each is there on its own.
        ignoreFilesPerOutput: { llmsFullTxt: ['api/**'] },
      }),
    ],
    build: { chunkSizeWarningLimit: 4000 },
  },
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local', options: { detailedView: true } },
    nav: [
      { text: 'Learn', link: '/learn/', activeMatch: '^/learn/' },
      { text: 'Guide', link: '/guide/', activeMatch: '^/(guide|packages|examples)/' },
      { text: 'Reference', link: '/reference/', activeMatch: '^/(reference|project|design|api|errors)' },
      { text: 'Which should I use?', link: '/learn/choose' },
    ],
    sidebar: createSidebar(),
    outline: { level: [2, 3] },
    docFooter: { prev: 'Before', next: 'Next' },
    footer: { message: 'MIT licence. This site loads nothing from elsewhere.' },
  },
});
