import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** What a program said and how it ended; `code` is undefined when a signal ended it. */
export interface Ended {
  readonly code: number | undefined;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** What a program is given beyond its arguments. */
export interface RunOptions {
  readonly cwd?: string;
  /** Beyond what this process has; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input; without it, it is empty. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end, in the C locale.
 *
 * @throws when it cannot be started; a failing exit code is an answer, not an error.
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
  /** Where, as `host:port`: what the server itself said. */
  readonly address: string;
  /** Everything it has logged so far. */
  log(): string;
  /** Asks it to end, and after a grace of five seconds makes it. May be called again. */
  stop(): Promise<void>;
}

/** How to start a server, and how to know that it listens. */
export interface DaemonOptions {
  readonly path: string;
  /** Let it choose its port (0), so that two tests never want the same. */
  readonly args: readonly string[];
  /** Finds the address, as its first group, in what the server logs. */
  readonly listening: RegExp;
  readonly timeoutMs?: number;
}

const GRACE_MS = 5000;

/**
 * Starts a server and waits until it says where it listens.
 *
 * @throws with the server's log when it ends before that, or says nothing in time.
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
    const silence = wait(options.timeoutMs ?? 30_000, undefined, { signal: patience.signal }).catch(
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
