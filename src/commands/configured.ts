import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Provider } from '../providers/provider.ts';
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
  for (const { key } of config.accounts) vault.hide(key);
  for (const { headers } of [...receivers, ...(traces ? [traces.receiver] : [])]) {
    for (const value of Object.values(headers())) {
      vault.hide(() => value);
      // What follows the name of a scheme, such as Bearer.
      vault.hide(() => value.replace(/^\S+\s+/, ''));
    }
  }
  return config;
}
