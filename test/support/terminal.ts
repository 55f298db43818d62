import type { TestContext } from 'node:test';
import { skipUnlessRequired } from './binaries.ts';
import { run } from './child.ts';
import { type Running, start } from './process.ts';

/** Columns of the terminals of tests: less than most log lines have. */
export const COLUMNS = 70;
const ROWS = 24;

/**
 * Runs a shell command in a terminal of its own, by `script` of util-linux; undefined, and the test skipped, where there is none.
 * What the terminal is sent comes out as standard output.
 */
export async function inTerminal(
  context: TestContext,
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Running | undefined> {
  const there = await run('script', ['--version']).catch(() => undefined);
  if (!there?.output.includes('util-linux')) {
    skipUnlessRequired(context, 'no script of util-linux');
    return undefined;
  }
  const sized = `stty cols ${COLUMNS} rows ${ROWS}; ${command}`;
  const args = ['--quiet', '--flush', '--return', '--command', sized, '/dev/null'];
  return start(context, args, {
    node: 'script',
    program: null,
    env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
    keepsInput: true,
  });
}

/** What a terminal has shown, with all that has scrolled away. */
export interface Screen {
  /** Each as it was written: where the terminal wraps one it is still one. */
  readonly lines: readonly string[];
  readonly showsCursor: boolean;
  readonly wraps: boolean;
  /** Something was written beyond the last column while lines did not wrap: it was never seen. */
  readonly isCut: boolean;
}

/** What a terminal makes of what it is sent: text, line ends, and the sequences that bars are drawn with. */
export function screenOf(sent: string): Screen {
  const lines: string[] = [''];
  const modes: Record<string, boolean> = { '?25': true, '?7': true };
  let [row, column, isCut] = [0, 0, false];
  const put = (character: string) => {
    if (!modes['?7'] && column >= COLUMNS) isCut = true;
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + character + line.slice(column + 1);
    column += 1;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal is told with
  for (const [whole, count = '', letter] of sent.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[\s\S]/gu)) {
    if (whole === '\n') row += 1;
    else if (whole === '\r') column = 0;
    else if (letter === undefined) put(whole);
    else if (letter === 'A') row = Math.max(0, row - (Number(count) || 1));
    else if (letter === 'G') column = (Number(count) || 1) - 1;
    else if (letter === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else if (letter === 'K') lines[row] = count === '2' ? '' : (lines[row] ?? '').slice(0, column);
    else if (letter === 'h' || letter === 'l') modes[count] = letter === 'h';
    while (lines.length <= row) lines.push('');
  }
  return { lines, showsCursor: modes['?25'] === true, wraps: modes['?7'] === true, isCut };
}
