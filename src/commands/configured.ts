import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Io } from './io.ts';

/**
 * The configuration of a file, or of the environment. Its secrets are kept out of all output from then on.
 *
 * @throws {ConfigError} when it cannot be used.
 */
export function configured(
  file: string | undefined,
  { env, vault }: Pick<Io, 'env' | 'vault'>,
  registry: readonly Provider<unknown>[],
): Config {
  const config = loadConfig(file, env, registry);
  const { receivers, traces } = config.openTelemetry;
  const sent = [...receivers, ...(traces ? [traces.receiver] : [])].flatMap(({ headers }) =>
    Object.values(headers()),
  );
  // Of a header also what follows the name of a scheme, such as Bearer.
  const headers = sent.flatMap((value) => [value, value.replace(/^\S+\s+/, '')]);
  vault.hide([...config.accounts.map(({ key }) => key), ...headers.map((value) => () => value)]);
  return config;
}
