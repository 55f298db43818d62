import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, transform } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** For the libraries that still are CommonJS: bundled into a module, they look for `require`. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/**
 * Bundles the program and its libraries into `dist/`: a tenth of the files to read at a start, and a fifth less memory at rest
 * ([ADR 30](../../docs/adr/0030-the-published-program-is-a-bundle.md)). What is loaded on demand stays in files of its own.
 */
const outdir = resolve(process.argv[2] ?? join(ROOT, 'dist'));
const pageScript = await transform(
  await readFile(join(ROOT, 'src/server/pages/explorer/browser.js'), 'utf8'),
  {
    minify: true,
    target: 'es2022',
  },
);
await rm(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/main.ts'],
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  legalComments: 'external',
  // Native code, which looks for its binary beside itself.
  external: ['bcrypt'],
  banner: { js: REQUIRE },
  define: {
    BUNDLED_REVISION: JSON.stringify(process.env.REVISION ?? ''),
    BUNDLED_PAGE_SCRIPT: JSON.stringify(pageScript.code),
  },
  logLevel: 'warning',
});
