import type { Problem } from '../../config/yaml/errors.ts';
import type { WebConfig } from './config.ts';
import { versionAt } from './files.ts';
import { configOf, readWebConfig } from './read.ts';

/** The web configuration from its files, or the last valid one. */
export interface WebSource {
  current(): WebConfig;
}

/** The outcome of a change of the files. */
export type WebChange =
  | { readonly kind: 'read' }
  /** They are invalid: the previous configuration stays in effect. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  /** They were read, but this key takes effect only after a restart. */
  | { readonly kind: 'restartRequired'; readonly key: string };

export interface WebSourceOptions {
  readonly file: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called once per change of the files. */
  readonly onChange: (change: WebChange) => void;
}

/** How often the files are checked, at most, when the configuration is requested. */
const CHECK_INTERVAL_MS = 1000;

/**
 * Opens a web configuration, which is read again when it is requested after a file has changed.
 *
 * @throws {ConfigError} if it is invalid at the start.
 */
export function openWebSource({ file, now, onChange }: WebSourceOptions): WebSource {
  const first = readWebConfig(file);
  let current = configOf(first);
  let seen = first.seen;
  let checkedAt = now();

  const reread = () => {
    const reading = readWebConfig(file);
    seen = reading.seen;
    if ('problems' in reading.result) return onChange({ kind: 'refused', problems: reading.result.problems });
    const { config } = reading.result;
    for (const key of restartKeys(config, current)) onChange({ kind: 'restartRequired', key });
    current = applicablePart(config, current);
    onChange({ kind: 'read' });
  };

  return {
    current() {
      if (now() - checkedAt < CHECK_INTERVAL_MS) return current;
      checkedAt = now();
      if ([...seen].some(([path, version]) => versionAt(path) !== version)) reread();
      return current;
    },
  };
}

/** The changed keys that cannot change without a restart. */
function restartKeys(next: WebConfig, current: WebConfig): string[] {
  const isTlsSwitched = (next.tls === undefined) !== (current.tls === undefined);
  const isHttp2Switched = current.tls !== undefined && next.http2 !== current.http2;
  return [
    ...(isTlsSwitched ? ['tls_server_config'] : []),
    ...(isHttp2Switched ? ['http_server_config.http2'] : []),
  ];
}

/** The new configuration except the keys that require a restart; unchanged TLS keeps its identity, so that its connections stay. */
function applicablePart(next: WebConfig, { tls, http2 }: WebConfig): WebConfig {
  const isUnchanged = next.tls === undefined || tls === undefined || next.tls.id === tls.id;
  return { ...next, tls: isUnchanged ? tls : next.tls, http2 };
}
