import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Io } from './io.ts';

/**
 * Loads the configuration from a file or the environment, and keeps its secrets out of all output from then on.
 *
 * @throws {ConfigError} if it cannot be used.
 */
export function loadAndRedact(
  file: string | undefined,
  { env, redactor }: Pick<Io, 'env' | 'redactor'>,
  registry: readonly Provider<unknown>[],
): Config {
  const config = loadConfig(file, env, registry);
  const { receivers, traces } = config.openTelemetry;
  const remoteWrite = config.history?.remoteWrite;
  const all = [...receivers, traces?.receiver, remoteWrite?.receiver].filter((each) => each !== undefined);
  const values = all.flatMap(({ headers }) => Object.values(headers()));
  // Of a header also what follows the authentication scheme, such as Bearer.
  const headers = values.flatMap((value) => [value, value.replace(/^\S+\s+/, '')]);
  const fixed = headers.map((value) => () => value);
  redactor.register([...config.accounts.map(({ key }) => key), ...fixed, ...(remoteWrite?.secrets ?? [])]);
  return config;
}
