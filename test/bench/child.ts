import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import v8 from 'node:v8';
import type { z } from 'zod';

/** A script of this folder in its own process. */
export interface Child {
  readonly pid: number;
  /** Sends a command and waits for the reply. */
  ask<T>(word: string, schema: z.ZodType<T>): Promise<T>;
  end(): Promise<void>;
}

/** Starts `script` and waits for its first message, which `schema` parses. */
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

/** Runs `script` until its only message. */
export async function resultOf<T>(script: string, args: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const child = await startChild(script, args, schema);
  await child.end();
  return child.ready;
}

async function answerOf(child: ChildProcess, script: string): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${script} ended with ${code} without a message`);
  });
  ended.catch(() => undefined);
  try {
    const [said] = await Promise.race([once(child, 'message', { signal }), ended]);
    return said;
  } finally {
    over.abort();
  }
}

/** Within a child: what the published program sets before it loads anything. */
export function useProgramFlags(): void {
  v8.setFlagsFromString('--optimize-for-size');
}

/** Within a child: sends a message to the parent. */
export function send(message: object): void {
  process.send?.(message);
}

/** Within a child: replies to each command of the parent. */
export function serveCommands(words: Readonly<Record<string, () => Promise<object> | object>>): void {
  process.on('message', (word) => {
    const answer = words[String(word)];
    if (!answer) throw new Error(`unknown command ${word}`);
    void Promise.resolve(answer()).then(send);
  });
}
