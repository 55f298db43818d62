import type { Problem } from '../../config/yaml/errors.ts';
import type { WebConfig } from './config.ts';
import { versionAt } from './files.ts';
import { configOf, readWebConfig } from './read.ts';

/** The web configuration as its files have it, or as they last had it right. */
export interface WebSource {
  current(): WebConfig;
}

/** What became of files that changed. */
export type WebChange =
  | { readonly kind: 'read' }
  /** They are wrong: what was read before stays. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  /** They were read, but this waits for the next start. */
  | { readonly kind: 'waits'; readonly key: string };

export interface WebSourceOptions {
  readonly file: string;
  /** Milliseconds from any start, which never go back. */
  readonly now: () => number;
  /** Hears of every change of the files, once. */
  readonly told: (change: WebChange) => void;
}

/** The files are looked at when somebody asks, but not more often. */
const LOOK_EVERY_MS = 1000;

/**
 * Reads a web configuration, and again whenever it is asked for and a file has changed.
 *
 * @throws {ConfigError} when it is wrong from the start.
 */
export function openWebSource({ file, now, told }: WebSourceOptions): WebSource {
  const first = readWebConfig(file);
  let current = configOf(first);
  let seen = first.seen;
  let lookedAt = now();

  const readAgain = () => {
    const reading = readWebConfig(file);
    seen = reading.seen;
    if ('problems' in reading.result) return told({ kind: 'refused', problems: reading.result.problems });
    const { config } = reading.result;
    for (const key of waitingIn(config, current)) told({ kind: 'waits', key });
    current = mixed(config, current);
    told({ kind: 'read' });
  };

  return {
    current() {
      if (now() - lookedAt < LOOK_EVERY_MS) return current;
      lookedAt = now();
      if ([...seen].some(([path, version]) => versionAt(path) !== version)) readAgain();
      return current;
    },
  };
}

/** What cannot change while connections are made. */
function waitingIn(next: WebConfig, current: WebConfig): string[] {
  const isSwitched = (next.tls === undefined) !== (current.tls === undefined);
  const speaksOther = current.tls !== undefined && next.http2 !== current.http2;
  return [...(isSwitched ? ['tls_server_config'] : []), ...(speaksOther ? ['http_server_config.http2'] : [])];
}

/** What is new, but for what waits; TLS that is the same stays the very same, so that its connections may stay. */
function mixed(next: WebConfig, { tls, http2 }: WebConfig): WebConfig {
  const kept = next.tls === undefined || tls === undefined || next.tls.id === tls.id;
  return { ...next, tls: kept ? tls : next.tls, http2 };
}
