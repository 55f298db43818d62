import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { setTimeout as wait } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../../..');
/** What `npm start` runs. */
export const MAIN = join(ROOT, 'src/main.ts');
/** What the package installs as its command. */
export const BIN = join(ROOT, 'bin/ai-billing-exporter.js');

/** A test, or a part of the bench: runs cleanup when it ends. */
export interface Scope {
  after(end: () => unknown): void;
}

const STACKS = new WeakMap<Scope, AsyncDisposableStack>();

/**
 * Cleans up when the scope ends, the newest first and each even if another one failed: a process has ended before the folder that it
 * writes to is removed. `after` alone runs the oldest first, and stops at a failure.
 */
export function onEnd(scope: Scope, cleanup: () => unknown): void {
  let stack = STACKS.get(scope);
  if (!stack) {
    const created = new AsyncDisposableStack();
    STACKS.set(scope, created);
    scope.after(() => created.disposeAsync());
    stack = created;
  }
  stack.defer(async () => void (await cleanup()));
}

/** Output and exit code of a process; `code` is undefined if a signal ended it. */
export interface Ended {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  /** From its start to its end. */
  readonly seconds: number;
}

/** How a process is started. It inherits only PATH and HOME from this environment. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The Node that runs it; this one by default. */
  readonly node?: string;
  /** {@link MAIN} by default; null if `node` is another program that takes the arguments alone. */
  readonly program?: string | null;
  readonly cwd?: string;
  /** Keeps standard input open for {@link Running.type}. */
  readonly keepsInput?: boolean;
}

/** A process of the exporter. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  out(): string;
  err(): string;
  /** Waits for output that matches. Rejects if the process exits first, or after two minutes. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Writes to its standard input. */
  type(text: string): void;
  /** Closes both streams, as a reader does that exits. */
  stopReading(): void;
  /** Sends a signal and waits for the exit. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Ended>;
}

/** Starts the exporter's program; it is killed when the scope ends. */
export function start(context: Scope, args: readonly string[], options: StartOptions = {}): Running {
  const { node = process.execPath, program = MAIN, env = {}, cwd = ROOT } = options;
  const words = program === null ? args : [program, ...args];
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = performance.now();
  const child = spawn(node, words, { cwd, env: { PATH, HOME, ...env } });
  if (!options.keepsInput) child.stdin.end();
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const ended = once(child, 'close').then((): Ended => {
    const seconds = (performance.now() - startedAt) / 1000;
    return { code: child.exitCode ?? undefined, ...said, seconds };
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  onEnd(context, async () => {
    kill();
    await ended;
  });
  return {
    pid: child.pid ?? 0,
    ended,
    out: () => said.out,
    err: () => said.err,
    said: (pattern) => heard(pattern, said, ended),
    type: (text) => void child.stdin.write(text),
    stopReading() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** How long a test waits for what must happen, which is so long only if it fails. */
export const PATIENCE_MS = 120_000;

async function heard(
  pattern: RegExp,
  said: { readonly out: string; readonly err: string },
  ended: Promise<Ended>,
): Promise<RegExpExecArray> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const match = pattern.exec(said.out) ?? pattern.exec(said.err);
    if (match) return match;
    if (over || performance.now() > deadline) {
      throw new Error(
        `${over ? 'ended' : 'ran for long'} without saying ${pattern}:\n${said.out}${said.err}`,
      );
    }
    await wait(10);
  }
}

/** Whether a process listens to SIGHUP yet: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function catchesHangUps(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number.parseInt(/^SigCgt:\s*(\w+)/m.exec(status)?.[1]?.slice(-1) ?? '0', 16) & 1) === 1;
}

/** Runs the exporter's program until it exits. */
export function runToEnd(
  context: Scope,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Ended> {
  return start(context, args, options).ended;
}

/** An exporter that listens. */
export interface Exporter extends Running {
  readonly url: string;
}

/** The first log line of `serve`; the group is its URL. */
export const LISTENING = /"url":"([^"]+)","version"/;

/** Starts `serve` and waits until it listens. */
export async function serve(context: Scope, file: string, options: StartOptions = {}): Promise<Exporter> {
  const running = start(context, ['serve', '--config', file], options);
  const [, url = ''] = await running.said(LISTENING);
  return { ...running, url };
}

/** A temporary folder, removed when the scope ends. */
export async function folderOf(context: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'exporter-'));
  onEnd(context, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What test configurations vary. */
export interface ConfigurationOptions {
  /** Base URL and key by provider. */
  readonly accounts: Readonly<Record<string, { readonly url: string; readonly key: string }>>;
  /** A free loopback port when absent. */
  readonly listen?: string;
  /** `ledger.db` in the folder by default; without a folder, the exporter's default. */
  readonly ledger?: string;
  /** `0s` when absent. */
  readonly newSeriesZero?: string;
  /** Every second when absent. */
  readonly schedule?: string;
  /** Further keys of every account. */
  readonly account?: Readonly<Record<string, unknown>>;
}

/** Writes a configuration into a folder and returns its path. */
export async function configure(folder: string, options: ConfigurationOptions): Promise<string> {
  const file = join(folder, 'config.yml');
  await writeFile(file, configurationOf({ ledger: join(folder, 'ledger.db'), ...options }));
  return file;
}

/** The text of a configuration. */
export function configurationOf(options: ConfigurationOptions): string {
  const { listen = '127.0.0.1:0', ledger, newSeriesZero = '0s' } = options;
  const accounts = Object.entries(options.accounts).map(([provider, { url, key }]) => ({
    provider,
    name: 'test',
    baseUrl: url,
    apiKey: key,
    schedule: options.schedule ?? '* * * * * *',
    ...options.account,
  }));
  const state = ledger === undefined ? {} : { state: { path: ledger } };
  // JSON is YAML.
  return JSON.stringify({ server: { listen }, ...state, metrics: { newSeriesZero }, accounts });
}
