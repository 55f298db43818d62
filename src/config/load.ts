import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { constantRate, type Rates } from '../core/values/exchange-rates.ts';
import { isoDay } from '../core/values/time.ts';
import { proxyProblems } from '../net/connections.ts';
import { defaultRates } from '../providers/api/currencies.ts';
import type { Provider } from '../providers/api/provider.ts';
import { readAccounts } from './accounts.ts';
import { budgetsOf } from './budgets.ts';
import type { Config } from './config.ts';
import { configOfEnvironment, processSettings } from './environment-only.ts';
import { historyOfFile } from './history/history.ts';
import { readOpenTelemetry } from './otel/open-telemetry.ts';
import { Sections, sectionsOf } from './schema.ts';
import { withSections } from './section.ts';
import { reasonUnreadable } from './values/secrets.ts';
import { type Document, isMapping, readDocument } from './yaml/document.ts';
import { ConfigError, type Problem } from './yaml/errors.ts';
import { validate } from './yaml/issues.ts';
import type { Environment } from './yaml/substitute.ts';

/**
 * Reads the configuration from `file`, or from the environment alone.
 *
 * @throws {ConfigError} with every problem; none contains a credential.
 */
export function loadConfig(
  file: string | undefined,
  env: Environment,
  registry: readonly Provider<unknown>[],
  now = Date.now(),
): Config {
  const proxies = proxyProblems(env).map((problem) => ({ file: 'environment', ...problem }));
  if (proxies.length > 0) throw new ConfigError(proxies);
  if (file === undefined) return configOfEnvironment(env, registry);
  return configOfText(file, textOf(file), { env, registry, now });
}

/**
 * The text of a file.
 *
 * @throws {ConfigError} if it cannot be read or is not UTF-8.
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

/** The configuration in `text`; `file` is named in problems, and relative paths start from its folder. */
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
  const part = <T>(schema: z.ZodType<T>, key: string): T | undefined =>
    validate({ schema, value: value[key], path: [key], problems });
  const sections = validate({ schema: sectionsOf(registry), value, path: [], problems });
  const context = { document, file, registry, now };
  const entries = Array.isArray(value.accounts) ? value.accounts : [];
  const accounts = withSections(readAccounts(entries, context), value, context);
  // Validated again on their own, so that their rules are checked even if another section is invalid.
  const configured = part(Sections.shape.currencies, 'currencies') ?? {};
  const currencies = ratesOf(configured, defaultRates(registry), document);
  const section = part(Sections.shape.opentelemetry, 'opentelemetry');
  // Beside an invalid account, nobody can say which budget matches nothing.
  const whole = accounts.length === entries.length ? accounts : [];
  const named = whole.map(({ provider, name }) => ({ provider: provider.id, account: name }));
  const budgets = budgetsOf(sections?.budgets ?? [], named, document);
  const ofVariables: Problem[] = [];
  const openTelemetry = readOpenTelemetry(section && { section, document, file }, env, ofVariables);
  const ofHistory = part(Sections.shape.history, 'history');
  const history = ofHistory && historyOfFile({ section: ofHistory, document, file });
  const all = [...problems.list, ...ofVariables];
  if (!sections || all.length > 0) throw new ConfigError(all);
  const settings = processSettings(sections);
  const { webConfig } = sections.server;
  const server = { ...settings.server, ...(webConfig && { webConfig: resolve(dirname(file), webConfig) }) };
  return { ...settings, server, accounts, budgets, currencies, openTelemetry, ...(history && { history }) };
}

function noMapping(value: unknown): string {
  return value === null
    ? 'is empty; list at least one account, as deploy/ai-billing-exporter.example.yml does'
    : 'must be a mapping of keys to values, such as accounts: with a list below it';
}

/** The default rates, replaced by the configured ones; names become upper case. */
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
    else if (name === 'USD') problems.add(path, 'is the currency of the ledger, at 1; remove it', 'key');
    const duplicate = list.find((dated, index) => list[index - 1]?.from === dated.from);
    if (duplicate) problems.add(path, `has two rates from ${isoDay(duplicate.from)}; keep one`);
    rates.set(name, list);
  }
  return rates;
}
