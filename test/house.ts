import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { functionsIn } from './support/rules/functions.ts';
import { circles, isProgram } from './support/rules/layers.ts';
import type { Sources } from './support/rules/source-text.ts';
import { bannedWords, repeatedTypeNames } from './support/rules/words.ts';

/** `npm run house [-- list]`: the figures of the code's structure; `list` adds where each limit is broken. */
const root = join(import.meta.dirname, '..');
const all = await read('{src,test,docs,deploy,grafana}/**/*.{ts,md}', '*.md');
const program: Sources = new Map([...all].filter(([path]) => isProgram(path)));
const source: Sources = new Map([...program].filter(([path]) => path.startsWith('src/')));

const functions = functionsIn(program).sort((a, b) => b.lines - a.lines);
const sizes = functions.map(({ lines }) => lines).reverse();
const files = [...program].map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }));
const long = {
  functions: functions.filter(({ lines }) => lines > 60),
  files: files.filter(({ lines }) => lines > 250),
};
const found = { circles: circles(all), types: repeatedTypeNames(program), words: bannedWords(all) };

const rows: [string, number | string | undefined][] = [
  [
    'lines of src without tests',
    [...source.values()].reduce((sum, text) => sum + text.split('\n').length - 1, 0),
  ],
  [
    'lines of the simulators',
    files.filter(({ path }) => path.startsWith('test/')).reduce((sum, { lines }) => sum + lines, 0),
  ],
  ['files', files.length],
  ['longest file', Math.max(...files.map(({ lines }) => lines))],
  ['files over 250 lines', long.files.length],
  ['rooms (folders)', new Set(files.map(({ path }) => dirname(path))).size],
  ['named functions', functions.length],
  ['function length, median', sizes[Math.floor(sizes.length / 2)]],
  ['function length, 90th percentile', sizes[Math.floor(sizes.length * 0.9)]],
  ['function length, longest', sizes.at(-1)],
  ['functions over 60 lines', long.functions.length],
  ['circles of files or folders', found.circles.length],
  ['type names used twice', found.types.length],
  ['banned words', found.words.length],
];
for (const [what, figure] of rows) console.log(`${what.padEnd(34)} ${figure}`);

if (process.argv.includes('list')) {
  for (const { path, name, line, lines } of long.functions)
    console.log(`${path}:${line} ${name}: ${lines} lines`);
  for (const { path, lines } of long.files) console.log(`${path}: ${lines} lines`);
  for (const each of Object.values(found).flat()) console.log(each);
}

async function read(...patterns: string[]): Promise<Sources> {
  const texts = new Map<string, string>();
  for await (const path of glob(patterns, { cwd: root }))
    texts.set(path, await readFile(join(root, path), 'utf8'));
  return texts;
}
