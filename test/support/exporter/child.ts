import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { PATIENCE_MS } from './process.ts';

/** Output and exit code of a program; `code` is undefined if a signal ended it. */
export interface Ended {
  readonly code: number | undefined;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** Options of a program, beyond its arguments. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input; empty by default. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end, in the C locale.
 *
 * @throws if it cannot be started; a failing exit code is a result, not an error.
 */
export async function run(path: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(path, args, {
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  child.stdin.on('error', () => undefined); // a program may end without reading its input: its exit code says more
  child.stdin.end(options.input ?? '');
  const ended = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code: child.exitCode ?? undefined, output: output + errors };
}

/** A server that listens. */
export interface Daemon {
  /** `host:port`, as the server logged it. */
  readonly address: string;
  /** Everything it has logged so far. */
  log(): string;
  /** Sends SIGTERM, and SIGKILL after five seconds. Can be called again. */
  stop(): Promise<void>;
}

/** How to start a server, and how to detect that it listens. */
export interface DaemonOptions {
  readonly path: string;
  /** Use port 0, so that two tests never use the same. */
  readonly args: readonly string[];
  /** Matches the address in the server's log, as its first group. */
  readonly listening: RegExp;
  readonly timeoutMs?: number;
}

const GRACE_MS = 5000;

/**
 * Starts a server and waits until it says where it listens.
 *
 * @throws with the server's log if it exits before that, or times out.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const child = spawn(options.path, options.args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  exited.catch(() => undefined); // read again below and in stop()
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  let log = '';
  const stop = async () => {
    child.kill('SIGTERM');
    const impatience = setTimeout(kill, GRACE_MS);
    await exited.catch(() => undefined);
    clearTimeout(impatience);
    process.off('exit', kill);
  };

  const found = new Promise<string>((resolve) => {
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const address = options.listening.exec(log)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const patience = new AbortController();
  try {
    const silence = wait(options.timeoutMs ?? PATIENCE_MS, undefined, { signal: patience.signal }).catch(
      () => undefined,
    );
    const address = await Promise.race([found, exited.then(() => undefined), silence]);
    if (address !== undefined) return { address, log: () => log, stop };
  } finally {
    patience.abort();
  }
  await stop();
  throw new Error(`${options.path} does not listen:\n${log}`);
}
