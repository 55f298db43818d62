import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import type { z } from 'zod';

/** A script of this folder in a process of its own. */
export interface Child {
  readonly pid: number;
  /** Sends a word and waits for the answer. */
  ask<T>(word: string, schema: z.ZodType<T>): Promise<T>;
  end(): Promise<void>;
}

/** Starts `script` and waits until it says that it is ready; what it says then is checked by `schema`. */
export async function startChild<T>(
  script: string,
  args: readonly string[],
  schema: z.ZodType<T>,
): Promise<Child & { readonly ready: T }> {
  const child = fork(join(import.meta.dirname, script), args, { execArgv: ['--expose-gc'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ready = schema.parse(await answerOf(child, script));
  return {
    ready,
    pid: child.pid ?? 0,
    async ask(word, answer) {
      const said = answerOf(child, script);
      child.send(word);
      return answer.parse(await said);
    },
    async end() {
      const ended = once(child, 'exit');
      kill();
      await ended;
      process.off('exit', kill);
    },
  };
}

/** Runs `script` to its only answer. */
export async function resultOf<T>(script: string, args: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const child = await startChild(script, args, schema);
  await child.end();
  return child.ready;
}

async function answerOf(child: ChildProcess, script: string): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${script} ended with ${code} and said nothing`);
  });
  ended.catch(() => undefined);
  try {
    const [said] = await Promise.race([once(child, 'message', { signal }), ended]);
    return said;
  } finally {
    over.abort();
  }
}

/** Within a child: says something to the parent. */
export function send(message: object): void {
  process.send?.(message);
}

/** Within a child: answers each word of the parent. */
export function serveCommands(words: Readonly<Record<string, () => Promise<object> | object>>): void {
  process.on('message', (word) => {
    const answer = words[String(word)];
    if (!answer) throw new Error(`nobody knows the word ${word}`);
    void Promise.resolve(answer()).then(send);
  });
}
