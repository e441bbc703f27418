import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import preact from '@preact/preset-vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

const SERVER = `http://127.0.0.1:${process.env.PORT || 4000}`;

/** Writes `.br` and `.gz` beside every text file of the page, for a server that sends what is there. */
function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(join(folder, name));
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/**
 * A smaller build. Classic JSX names no `children`, and `h` is in the bundle anyway. What is loaded later has
 * no styles of its own, so Vite's way of waiting for them is left out.
 */
function slim(): Plugin {
  return {
    name: 'slim',
    apply: 'build',
    enforce: 'pre',
    config: () => ({
      oxc: {
        jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' },
        jsxInject: `import { h, Fragment } from 'preact';`,
      },
    }),
    load: {
      filter: { id: /^\0vite\/preload-helper/ },
      handler: () => 'export const __vitePreload = (load) => load();',
    },
  };
}

export default defineConfig({
  plugins: [preact(), slim(), tailwindcss(), precompress()],
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    // The first versions with light-dark(), which the tokens in styles.css are written with.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(
      ['/metrics', '/dlq', '/stream', '/api', '/schema', '/health'].map((path) => [path, SERVER]),
    ),
  },
});
