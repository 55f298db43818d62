import { circles, isProgram, roomOf, strayImports, strayPackages, unreachable } from './layers.ts';
import { manifest, manifestOf } from './manifest.ts';
import { inCode, type Rule } from './rule.ts';
import type { Sources } from './source-text.ts';

/** Which room may import which, and where I/O is allowed. */
export const LAYER_RULES: readonly Rule[] = [
  {
    name: 'each room sees only the rooms it may: the core none, a provider no other, sinks the core',
    findings: strayImports,
    broken: [
      { 'src/core/a.ts': `import { ask } from '../poll/http/client.ts';` },
      { 'src/core/a.ts': `import type { Feed } from '../providers/api/provider.ts';` },
      { 'src/providers/a/index.ts': `import {\n  x,\n} from '../b/schema.ts';` },
      { 'src/providers/a/index.ts': `export * from '../index.ts';` },
      { 'src/sinks/prometheus/page.ts': `const store = await import('../../store/ledger.ts');` },
      { 'src/poll/http/client.ts': `import { config } from '../../config/config.ts';` },
      { 'src/core/ledger/a.ts': `import type { Window } from '../reports/windows.ts';` },
      { 'src/app/app.ts': `import { serve } from '../commands/serve.ts';` },
      { 'src/brand-new/a.ts': `import { parseUsd } from '../core/values/money.ts';` },
    ],
    sound: [
      { 'src/core/a.ts': `import { b } from './b.ts';\n// import { c } from '../poll/c.ts';` },
      { 'src/providers/a/index.ts': `import { b } from './b.ts';\nimport { c } from '../api/schemas.ts';` },
      { 'src/providers/index.ts': `import { a } from './a/index.ts';` },
      { 'src/core/a.test.ts': `import { page } from '../sinks/prometheus/page.ts';` },
    ],
  },
  {
    name: 'SQL is in store, the network in net, poll/http, push, server and the simulators, and the core and the providers import no package but zod',
    findings: strayPackages,
    broken: [
      { 'src/app/app.ts': `import { DatabaseSync } from 'node:sqlite';` },
      { 'src/sinks/otel/push.ts': `import { request } from 'undici';` },
      { 'src/config/load.ts': `import http from 'node:http';` },
      { 'src/core/a.ts': `import { readFile } from 'node:fs/promises';` },
      { 'src/core/a.ts': `import { z } from 'zod';` },
      { 'src/providers/a/index.ts': `import 'node:process';` },
    ],
    sound: [
      { 'src/store/a.ts': `import { DatabaseSync } from 'node:sqlite';` },
      { 'src/providers/a/schema.ts': `import { z } from 'zod';` },
      { 'src/core/a.test.ts': `import fc from 'fast-check';` },
    ],
  },
  {
    name: 'nothing but poll/http, push, server and the simulators fetches anything',
    findings: inCode(
      (path) => isProgram(path) && !/^(poll\/http|push|server|simulators)/.test(roomOf(path)),
      /\bfetch\(|\bnew (WebSocket|EventSource)\(/,
    ),
    broken: [{ 'src/sinks/otel/push.ts': `await fetch(url);` }],
    sound: [{ 'src/poll/http/client.ts': `await fetch(url);` }, { 'src/sinks/a.ts': `await prefetch(url);` }],
  },
  {
    name: 'the core and the providers are calculators: no clock, dice, timer, environment or console',
    findings: inCode(
      (path) => isProgram(path) && /^(core|provider)/.test(roomOf(path)),
      /\bDate\.now\b|\bDate\(\s*\)|\bperformance\.|\bMath\.random\b|\bcrypto\.|\bset(Timeout|Interval|Immediate)\b|\bprocess\.|\bconsole\.|\bglobalThis\b/,
    ),
    broken: [
      { 'src/core/a.ts': `const now = Date.now();` },
      { 'src/core/a.ts': `const now = new Date();` },
      { 'src/core/a.ts': `const id = \`\${Math.random()}\`;` },
      { 'src/providers/api/provider.ts': `const key = process.env.KEY;` },
      { 'src/providers/a/read.ts': `const begun = performance.now();` },
    ],
    sound: [
      { 'src/core/a.ts': `const day = new Date(at).toISOString(); // not Date.now()` },
      { 'src/core/a.ts': `throw new RangeError('process. failed');` },
      { 'src/poll/a.ts': `const now = Date.now();` },
    ],
  },
  {
    name: 'only main.ts ends the process',
    findings: inCode(
      (path) => isProgram(path) && path !== 'src/main.ts',
      /\bprocess\.(exit|abort|reallyExit)\b/,
    ),
    broken: [
      { 'src/commands/serve.ts': `process.exit(1);` },
      { 'src/app/app.ts': `const leave = process.exit;` },
    ],
    sound: [{ 'src/main.ts': `process.exit(1);` }, { 'src/app/app.ts': `process.exitCode = 1;` }],
  },
  {
    name: 'no circle of imports, of files or of folders, imports of types counted',
    findings: circles,
    broken: [
      { 'src/core/a.ts': `import { b } from './b.ts';`, 'src/core/b.ts': `import { a } from './a.ts';` },
      { 'src/core/a.ts': `export { a } from './a.ts';` },
      { 'src/core/a.ts': `import type { B } from './b.ts';`, 'src/core/b.ts': `import { a } from './a.ts';` },
      {
        'src/core/a.ts': `import { b } from './ledger/b.ts';`,
        'src/core/ledger/c.ts': `import type { D } from '../d.ts';`,
      },
    ],
    sound: [
      {
        'src/core/a.ts': `import './b.ts';\nimport './c.ts';`,
        'src/core/b.ts': `import './c.ts';`,
      },
    ],
  },
  {
    name: 'every file of src is reached from what package.json starts: no feature is for tests alone',
    findings: (sources) => unreachable(sources, entriesOf(sources)),
    broken: [
      {
        'package.json': manifest({ scripts: { start: 'node src/main.ts' } }),
        'src/main.ts': '',
        'src/core/a.ts': '',
      },
      {
        'package.json': manifest({ scripts: { test: 'node --test src/core/a.test.ts' } }),
        'src/core/a.ts': '',
        'src/core/a.test.ts': `import './a.ts';`,
      },
    ],
    sound: [
      {
        'package.json': manifest({
          scripts: { start: 'node src/main.ts serve', docs: 'node src/docs.ts' },
        }),
        'src/main.ts': `const { a } = await import('./core/a.ts');`,
        'src/core/a.ts': `new Worker(new URL('./worker.ts', import.meta.url));`,
        'src/core/worker.ts': '',
        'src/docs.ts': '',
      },
    ],
  },
];

/** Files that a script of package.json starts, except for tests. */
function entriesOf(sources: Sources): string[] {
  const commands = Object.values(manifestOf(sources).scripts).join('\n');
  return commands.match(/\b(src|test)\/[\w/.-]+\.ts\b/g)?.filter((path) => !path.endsWith('.test.ts')) ?? [];
}
