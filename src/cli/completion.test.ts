import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { Argument, Command, Option } from 'commander';
import { completionScript } from './completion.ts';

/** A program whose commands exercise everything that completion derives. */
function programOf(): Command {
  const program = new Command('my-tool').version('1').option('-q, --quiet', "don't talk");
  program
    .command('serve')
    .description('run it')
    .addOption(new Option('-c, --config <file>', 'configuration'))
    .addOption(new Option('--level <level>', 'how loud').choices(['low', 'high']))
    .addOption(new Option('--hidden').hideHelp())
    .option('--port <number>', 'port');
  const store = program.command('store').description('look after it');
  store.command('copy').argument('<file>', 'where').option('--yes', 'confirm');
  program.command('shell').addArgument(new Argument('<name>', 'which').choices(['one', 'two']));
  return program;
}

/** What each command line completes to; files are completed where nothing else is. */
const CASES: readonly [line: string, words: string][] = [
  ['my-tool ', 'serve store shell help'],
  ['my-tool s', 'serve store shell'],
  ['my-tool serve', 'serve'],
  ['my-tool --', '--version --quiet --help'],
  ['my-tool serve ', '--config --level --port --help'],
  ['my-tool --quiet serve --l', '--level'],
  ['my-tool serve --level ', 'low high'],
  ['my-tool serve --level h', 'high'],
  ['my-tool serve --level low --p', '--port'],
  ['my-tool serve --config ', ''],
  ['my-tool serve -c x --', '--config --level --port --help'],
  ['my-tool serve --port ', ''],
  ['my-tool store ', 'copy help'],
  ['my-tool store copy ', ''],
  ['my-tool store copy --', '--yes --help'],
  ['my-tool shell ', 'one two'],
];

/** Runs a script in a shell and returns the lines it prints; undefined, and the test skipped, if the shell is not installed. */
function linesIn(context: TestContext, [shell, ...args]: [string, ...string[]], script: string) {
  try {
    return execFileSync(shell, [...args, '-c', script], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    context.skip(`${shell} is not installed`);
    return undefined;
  }
}

/** Calls the completion function as readline does, for each case. */
function callsOf(name: string): string {
  const calls = CASES.map(([line]) => {
    const words = line.split(' ').map((word) => `'${word}'`);
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; ${name}; echo "\${COMPREPLY[*]}"`;
  });
  return calls.join('\n');
}

test('completion: bash completes commands, options and values', (context) => {
  const script = `${completionScript(programOf(), 'bash')}${callsOf('_my_tool')}`;
  const lines = linesIn(context, ['bash', '--norc'], script);
  if (lines)
    assert.deepEqual(
      lines,
      CASES.map(([, words]) => words),
    );
});

test('completion: zsh completes commands, options and values', (context) => {
  // As its emulation of bash calls functions.
  const options = 'autoload -U compinit && compinit -D\nsetopt ksharrays shwordsplit\n';
  const script = `${options}${completionScript(programOf(), 'zsh')}${callsOf('_my_tool')}`;
  const lines = linesIn(context, ['zsh', '-f'], script);
  if (lines === undefined) return;
  // Zsh itself selects those that match.
  const matching = lines.map((words, index) => {
    const typed = CASES[index]?.[0].split(' ').at(-1) ?? '';
    return words.split(' ').filter((word) => word.startsWith(typed));
  });
  assert.deepEqual(
    matching.map((words) => words.join(' ')),
    CASES.map(([, words]) => words),
  );
});

test('completion: fish completes commands, options and values', (context) => {
  const asked = CASES.map(([line]) => `echo (complete -C '${line}' | string split -f1 \\t)`);
  const script = `cd (mktemp -d)\n${completionScript(programOf(), 'fish')}${asked.join('\n')}\nrmdir $PWD`;
  const lines = linesIn(context, ['fish', '--no-config'], script);
  // Fish offers options only after a dash.
  const wordsOf = (text = '') => text.split(' ').filter((word) => !/^(|-\w)$/.test(word));
  for (const [index, [line, words]] of CASES.entries()) {
    const isAfterDash = line.split(' ').at(-1)?.startsWith('-');
    const expected = wordsOf(words).filter((word) => isAfterDash || !word.startsWith('-'));
    if (lines) assert.deepEqual(wordsOf(lines[index]).sort(), expected.sort(), line);
  }
});

test('completion: fish quotes descriptions, and knows which values are files', () => {
  const script = completionScript(programOf(), 'fish');
  assert.match(script, /-s q -l quiet -d 'don\\'t talk'$/m);
  assert.match(script, /-s c -l config -r -F -d 'configuration'$/m);
  assert.match(script, /-l port -x -d 'port'$/m);
  assert.match(script, /"\/store\/copy"' -F$/m);
});
