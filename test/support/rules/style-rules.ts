import { functionsIn } from './functions.ts';
import { isProgram, roomOf } from './layers.ts';
import { manifest, manifestOf } from './manifest.ts';
import { inCode, type Rule } from './rule.ts';
import { commentsOf, occurrences, type Sources } from './source-text.ts';
import { repeatedTypeNames } from './words.ts';

/** The maximum length of a file and of a function, in lines. */
const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 60;

/** The file that runs properties. */
const PROPERTY = 'test/support/ledger/property.ts';

/** Style rules that the linter lacks. */
export const STYLE_RULES: readonly Rule[] = [
  {
    name: 'no default exports',
    findings: inCode(always, /\bexport\s+default\b|\bas\s+default\b/),
    broken: [{ 'src/a.ts': 'export default 1;' }, { 'test/a.ts': 'const a = 1;\nexport { a as default };' }],
    sound: [{ 'src/a.ts': `export const text = 'export default';` }],
  },
  {
    name: 'nothing is any',
    findings: inCode(always, /(?<=[:<,|&(]\s*|=>\s*|\bas\s+|\bkeyof\s+)any\b(?!\s*[:(?.])/),
    broken: [
      { 'src/a.ts': 'const a: any = 1;' },
      { 'src/a.ts': 'const a = b as any;' },
      { 'test/a.test.ts': 'const a = new Map<string, any>();' },
      { 'src/a.ts': 'type F = () => any;' },
    ],
    sound: [{ 'src/a.ts': '// any\nconst any = Promise.any(a); const b = { any: 1 };' }],
  },
  {
    name: 'past the schema door no type is asserted but as const; store is the door of its rows',
    findings: inCode(
      (path) => isProgram(path) && roomOf(path) !== 'store',
      /(?<!^(?:import|export)\s[^;]*)\bas\s+(?!const\b)[\w{[(].*/,
    ),
    broken: [
      { 'src/core/a.ts': 'const first = list[0] as Run;' },
      { 'src/core/a.ts': 'return (list[0] as Run).end;' },
      { 'src/core/a.ts': 'const a = b as unknown as { c: 1 };' },
    ],
    sound: [
      { 'src/core/a.ts': `export const A = ['a'] as const satisfies string[];` },
      { 'src/core/a.ts': `import { Document as Yaml } from 'yaml';\nimport * as z from 'zod';` },
    ],
  },
  {
    name: 'a checker is silenced only with a reason, and never for a whole file',
    findings: (sources) =>
      [...sources].flatMap(([path, text]) =>
        path.endsWith('.ts')
          ? occurrences(
              path,
              commentsOf(text),
              /@ts-(ignore|nocheck)\b.*|@ts-expect-error(?!:? +\S.{9}).*|biome-ignore(?!(-start|-end)? [\w/]+: (?!<)\S.{9}).*/,
            )
          : [],
      ),
    broken: [
      { 'src/a.ts': '// @ts-ignore because the types of it are wrong' },
      { 'src/a.ts': '// @ts-expect-error' },
      { 'test/a.test.ts': '// biome-ignore lint/suspicious/noExplicitAny: <explanation>' },
      { 'src/a.ts': '/* biome-ignore-all lint: everything is wrong here */' },
    ],
    sound: [
      { 'src/a.ts': '// @ts-expect-error: the type of the library lacks this option' },
      { 'src/a.ts': '// biome-ignore lint/style/noNonNullAssertion: the line above has just set it' },
      { 'src/a.ts': `const text = '// @ts-ignore';` },
    ],
  },
  {
    name: 'no module holds state: the same provider may be configured five times',
    findings: inCode(
      isProgram,
      /^(export )?(let|var) .*/,
      /^(export )?const \w+(: (Weak)?(Map|Set)<[^=]*)? = new (Weak)?(Map|Set)(<.*>)?\(\).*/,
      /^(export )?const \w+(: (?![Rr]eadonly)[^=]*)? = (\[\]|\{\});/,
    ),
    broken: [
      { 'src/core/a.ts': 'let count = 0;' },
      { 'src/core/a.ts': 'export const cache = new Map<string, number>();' },
      { 'src/core/a.ts': 'const seen: string[] = [];' },
    ],
    sound: [
      {
        'src/core/a.ts': `function f() {\n  let a = 0;\n}\nconst KNOWN = new Set(['a']);\nconst NONE: ReadonlySet<string> = new Set();\nconst NO_ONE: readonly string[] = [];`,
      },
    ],
  },
  {
    name: 'only test/support/ledger/property.ts runs properties and no test throws dice of its own: each run of the gate tries the same',
    findings: (sources) => [
      ...inCode(
        (path) => path !== PROPERTY && isTest(path),
        /\bfc\s*(\.\s*(assert|check|sample|statistics)\b|\[).*|=\s*fc\b(?!\s*\.).*/,
        /(?<!\{)\bMath\.random\b|\brandomInt\b/,
      )(sources),
      ...[...sources].flatMap(([path, text]) =>
        path.endsWith('.ts') && path !== PROPERTY
          ? occurrences(path, text, /^import(?!\s+(?:type\b|fc\s+from\b))[^;]*?\bfrom 'fast-check';/)
          : [],
      ),
    ],
    broken: [
      { 'src/core/a.test.ts': `import fc from 'fast-check';\nfc.assert(fc.property(fc.nat(), () => true));` },
      { 'test/support/a.ts': `await fc\n  .assert(law, { seed: 1 });` },
      { 'test/a.test.ts': 'const { failed } = fc.check(law);' },
      { 'test/a.test.ts': 'const { assert } = fc;' },
      { 'test/a.test.ts': `import { assert, property } from 'fast-check';` },
      { 'test/a.test.ts': `import * as fc from 'fast-check';` },
      { 'test/integration/a.test.ts': 'const seed = Math.floor(Math.random() * 2 ** 32);' },
    ],
    sound: [
      { [PROPERTY]: 'fc.assert(property, { seed });' },
      { 'src/a.ts': 'const random = Math.random;', 'test/soak/soak.ts': 'const seed = Math.random();' },
      {
        'test/a.test.ts': `import fc from 'fast-check';\nassertProperty(fc.property(fc.nat(), () => true));`,
      },
    ],
  },
  {
    name: `no file of src is longer than ${MAX_FILE_LINES} lines`,
    findings: (sources) =>
      [...sources].flatMap(([path, text]) => {
        const lines = text.trimEnd().split('\n').length;
        return isProgram(path) && lines > MAX_FILE_LINES ? [`${path}: ${lines} lines`] : [];
      }),
    broken: [{ 'src/a.ts': 'a;\n'.repeat(MAX_FILE_LINES + 1) }],
    sound: [
      { 'src/a.ts': 'a;\n'.repeat(MAX_FILE_LINES), 'src/a.test.ts': 'a;\n'.repeat(MAX_FILE_LINES + 1) },
    ],
  },
  {
    name: `no function is longer than ${MAX_FUNCTION_LINES} lines`,
    findings: (sources) =>
      functionsIn(programOf(sources)).flatMap(({ path, name, line, lines }) =>
        lines > MAX_FUNCTION_LINES ? [`${path}:${line} ${name}: ${lines} lines`] : [],
      ),
    broken: [
      { 'src/a.ts': `function f() {\n${'  a();\n'.repeat(MAX_FUNCTION_LINES)}}` },
      {
        'src/a.ts': `class A {\n  f(\n    a: number,\n  ): void {\n${'    a();\n'.repeat(MAX_FUNCTION_LINES)}  }\n}`,
      },
    ],
    sound: [
      { 'src/a.ts': `function f() {\n${'  a();\n'.repeat(MAX_FUNCTION_LINES - 2)}}\n${'b();\n'.repeat(9)}` },
    ],
  },
  {
    name: 'a type name has one meaning: no two files define it',
    findings: (sources) => repeatedTypeNames(programOf(sources)),
    broken: [{ 'src/a.ts': 'interface A {}', 'test/simulators/b.ts': 'export type A = 1;' }],
    sound: [
      { 'src/a.ts': 'interface A {}', 'src/a.test.ts': 'interface A {}', 'src/b.ts': 'interface B {}' },
    ],
  },
  {
    name: 'every dependency is pinned to one version',
    findings: (sources) => {
      const { dependencies, devDependencies } = manifestOf(sources);
      const all = Object.entries({ ...dependencies, ...devDependencies });
      return all.flatMap(([name, version]) =>
        /^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)
          ? []
          : [`package.json: ${name} ${version}`],
      );
    },
    broken: [
      { 'package.json': manifest({ dependencies: { zod: '^4.0.0' } }) },
      { 'package.json': manifest({ devDependencies: { zod: 'latest' } }) },
      { 'package.json': manifest({ dependencies: { zod: '4.0' } }) },
    ],
    sound: [
      { 'package.json': manifest({ dependencies: { zod: '4.0.0', a: 'npm:@b/a@1.2.3', c: '1.0.0-rc.1' } }) },
    ],
  },
];

/** The files of the program. */
function programOf(sources: Sources): Sources {
  return new Map([...sources].filter(([path]) => isProgram(path)));
}

/** Tests and their support; programs started by hand (`npm run soak`, `bench`, `laws`) may use any seed. */
function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/support/');
}

function always(): boolean {
  return true;
}
