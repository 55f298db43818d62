import { defaultRates } from '../providers/api/currencies.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Account, Config } from './config.ts';
import { readOpenTelemetry } from './otel/open-telemetry.ts';
import { AccountKeys, Sections } from './schema.ts';
import { secretOfText } from './values/secrets.ts';
import { ConfigError, type Problem } from './yaml/errors.ts';
import type { Environment } from './yaml/substitute.ts';

/** The configuration without a file: an account named `default` per provider whose key is set. */
export function configOfEnvironment(env: Environment, registry: readonly Provider<unknown>[]): Config {
  const present = registry.filter((provider) => env[provider.environmentKey]);
  const problems =
    present.length === 0 ? [noKeySet(registry)] : present.flatMap((provider) => problemOf(provider, env));
  const openTelemetry = readOpenTelemetry(undefined, env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...processSettings(Sections.parse({ accounts: present })),
    accounts: present.map((provider) => accountOf(provider, env)),
    budgets: [],
    currencies: defaultRates(registry),
    openTelemetry,
  };
}

/** The settings of the process, whatever its accounts. */
export function processSettings({
  server,
  state,
  log,
  metrics,
}: Sections): Pick<Config, 'server' | 'state' | 'log' | 'metrics'> {
  return {
    server: { ...server.listen, enableReload: server.enableReload },
    state,
    log,
    metrics: { newSeriesZeroMs: metrics.newSeriesZero, maxSeries: metrics.maxSeries },
  };
}

function noKeySet(registry: readonly Provider<unknown>[]): Problem {
  const names = registry.map((provider) => provider.environmentKey).join(', ');
  const message = `no account to read: set one of ${names}, name a configuration with --config FILE, or try the demo command, which needs no key`;
  return { file: 'environment', key: '', message };
}

function problemOf({ environmentKey }: Provider<unknown>, env: Environment): Problem[] {
  const secret = secretOfText(env[environmentKey] ?? '');
  return 'problem' in secret ? [{ file: 'environment', key: environmentKey, message: secret.problem }] : [];
}

function accountOf(provider: Provider<unknown>, env: Environment): Account {
  const secret = secretOfText(env[provider.environmentKey] ?? '');
  return {
    provider,
    name: 'default',
    baseUrl: provider.baseUrl,
    key: 'key' in secret ? secret.key : () => '',
    keySource: `environment variable ${provider.environmentKey}`,
    since: undefined,
    timeoutMs: AccountKeys.parse({ provider: provider.id }).timeout,
    schedule: Object.fromEntries(provider.feeds.map(({ name, schedule }) => [name, schedule])),
    config: provider.config.parse({}),
  };
}
