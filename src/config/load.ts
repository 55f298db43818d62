import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { constantRate, type Rate, type Rates } from '../core/values/exchange-rates.ts';
import { isoDay } from '../core/values/time.ts';
import { proxyProblems } from '../net/connections.ts';
import { defaultRates } from '../providers/api/currencies.ts';
import type { Provider } from '../providers/api/provider.ts';
import { readAccounts } from './accounts.ts';
import { budgetsOf } from './budgets.ts';
import type { Config } from './config.ts';
import { configOfEnvironment } from './environment-only.ts';
import { readOpenTelemetry } from './otel/open-telemetry.ts';
import { Sections, sectionsOf } from './schema.ts';
import { withSections } from './section.ts';
import { reasonUnreadable } from './values/secrets.ts';
import { type Document, isMapping, readDocument } from './yaml/document.ts';
import { ConfigError, type Problem } from './yaml/errors.ts';
import { checked } from './yaml/issues.ts';
import type { Environment } from './yaml/substitute.ts';

/**
 * Reads the configuration from `file`, or from the environment alone where there is none.
 *
 * @throws {ConfigError} with every problem, none of which holds a credential.
 */
export function loadConfig(
  file: string | undefined,
  env: Environment,
  registry: readonly Provider<unknown>[],
  now = Date.now(),
): Config {
  const ofProxies = proxyProblems(env).map((problem) => ({ file: 'environment', ...problem }));
  if (ofProxies.length > 0) throw new ConfigError(ofProxies);
  if (file === undefined) return configOfEnvironment(env, registry);
  return configOfText(file, textOf(file), { env, registry, now });
}

/**
 * The text of a file.
 *
 * @throws {ConfigError} when it cannot be read, or is no text.
 */
function textOf(file: string): string {
  const refuse = (message: string) => new ConfigError([{ file, key: '', message }]);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw refuse(`cannot be read: ${reasonUnreadable(error)}`);
  }
  if (!isUtf8(bytes)) throw refuse('is not UTF-8 text; save it as such');
  return bytes.toString('utf8');
}

/** The configuration that `text` holds; `file` is named in problems and is where relative paths start. */
function configOfText(
  file: string,
  text: string,
  { env, registry, now }: { env: Environment; registry: readonly Provider<unknown>[]; now: number },
): Config {
  const document = readDocument(file, text, env);
  const { value, problems } = document;
  if (problems.list.length > 0 && value === undefined) throw new ConfigError(problems.list);
  if (!isMapping(value))
    throw new ConfigError([{ file, line: 1, column: 1, key: '', message: noMapping(value) }]);
  const sections = checked({ schema: sectionsOf(registry), value, path: [], problems });
  const entries = Array.isArray(value.accounts) ? value.accounts : [];
  const context = { document, file, registry, now };
  const accounts = withSections(readAccounts(entries, context), value, context);
  // Once more for itself, so that its own rules are checked whatever is wrong elsewhere.
  const rates = checked({
    schema: Sections.shape.currencies,
    value: value.currencies,
    path: ['currencies'],
    problems,
  });
  const currencies = ratesOf(rates ?? {}, defaultRates(registry), document);
  const named = accounts.map(({ provider, name }) => ({ provider: provider.id, account: name }));
  const budgets = budgetsOf(sections?.budgets ?? [], named, document);
  const ofVariables: Problem[] = [];
  const section = checked({
    schema: Sections.shape.opentelemetry,
    value: value.opentelemetry,
    path: ['opentelemetry'],
    problems,
  });
  const openTelemetry = readOpenTelemetry(section && { section, document, file }, env, ofVariables);
  const all = [...problems.list, ...ofVariables];
  if (!sections || all.length > 0) throw new ConfigError(all);
  const { server, state, metrics } = sections;
  return {
    server: {
      ...server.listen,
      enableReload: server.enableReload,
      ...(server.webConfig && { webConfig: resolve(dirname(file), server.webConfig) }),
    },
    state,
    metrics: { newSeriesZeroMs: metrics.newSeriesZero, maxSeries: metrics.maxSeries },
    accounts,
    budgets,
    currencies,
    openTelemetry,
  };
}

function noMapping(value: unknown): string {
  return value === null
    ? 'is empty; list at least one account, as deploy/ai-billing-exporter.example.yml does'
    : 'must be a mapping of keys to values, such as accounts: with a list below it';
}

/** The configured rates beside the default ones; names are upper case from here on. */
function ratesOf(configured: Sections['currencies'], defaults: Rates, { problems }: Document): Rates {
  const rates = new Map(defaults);
  const names = new Map<string, string>();
  for (const [written, rate] of Object.entries(configured)) {
    const name = written.toUpperCase();
    const path = ['currencies', written];
    const first = names.get(name);
    names.set(name, written);
    const list = typeof rate === 'bigint' ? constantRate(rate) : rate.toSorted((a, b) => a.from - b.from);
    if (!/^[A-Z][A-Z0-9_]*$/.test(name)) problems.add(path, 'must be a currency name, such as EUR', 'key');
    else if (first !== undefined) problems.add(path, `is the same currency as ${first}; keep one`, 'key');
    else if (name === 'USD') problems.add(path, 'is what everything is counted in, at 1; remove it', 'key');
    const twice = twiceDated(list);
    if (twice) problems.add(path, `has two rates from ${isoDay(twice.from)}; keep one`);
    rates.set(name, list);
  }
  return rates;
}

function twiceDated(rates: readonly Rate[]): Rate | undefined {
  return rates.find((rate, index) => rates[index - 1]?.from === rate.from);
}
