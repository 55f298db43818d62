import type { TestContext } from 'node:test';
import { skipUnlessRequired } from '../programs/binaries.ts';
import { run } from './child.ts';
import { type Running, start } from './process.ts';

/** Columns of test terminals: fewer than most log lines have. */
export const COLUMNS = 70;
const ROWS = 24;

/**
 * Runs a shell command in a terminal of its own, by `script` of util-linux; undefined, and the test skipped, if there is no `script`.
 * The terminal's output is its standard output.
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

/** The content of a terminal, including its scrollback. */
export interface Screen {
  /** Logical lines: a wrapped line is one. */
  readonly lines: readonly string[];
  readonly showsCursor: boolean;
  readonly wraps: boolean;
  /** Text was written beyond the last column while wrapping was off, and lost. */
  readonly isCut: boolean;
}

/** Interprets terminal output: text, line ends, and the escape sequences of progress bars. */
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals use control characters
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
