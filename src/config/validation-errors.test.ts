import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { FAKE_PROVIDERS } from '../../test/fake-providers.ts';
import { assertProperty } from '../../test/support/ledger/property.ts';
import type { Provider } from '../providers/api/provider.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './yaml/errors.ts';

/** Users see these messages first, so each is listed as printed. */

const NOW = Date.UTC(2026, 10, 22, 12);
const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));

const ENV = { GOOD: 'key-1', EMPTY: '', SECRET: 'do-not-print-me', SPACED: 'two words' };

/** The errors printed for a file with this text, named `c.yml`. */
function errorsIn(
  text: string | Uint8Array,
  env: Record<string, string> = ENV,
  registry: readonly Provider<unknown>[] = FAKE_PROVIDERS,
): string[] {
  const file = join(folder, 'c.yml');
  writeFileSync(file, text);
  try {
    loadConfig(file, env, registry, NOW);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.doesNotMatch(error.message, /do-not-print-me/);
    return error.message.replaceAll(file, 'c.yml').split('\n');
  }
  return [];
}

/** An account that is valid except for the given lines, which follow `apiKey` on line 3. */
function account(...lines: string[]): string {
  return [
    'accounts:',
    '  - provider: globex',
    `    apiKey: \${GOOD}`,
    ...lines.map((line) => `    ${line}`),
  ].join('\n');
}

function beside(...lines: string[]): string {
  return [account(), ...lines].join('\n');
}

const INDENT =
  'the indentation does not fit the lines above; keys of one mapping, or items of one list, start in the same column';
const CRON = 'must be a cron expression in UTC such as "*/15 * * * *": ';
const DURATION = 'a number and s, m, h or d, such as 90s, 2m, 1.5h or 1d';
const LISTEN = 'must be host:port, such as 0.0.0.0:9464, :9464 or "[::1]:9464"';

const CASES: Record<string, readonly [text: string, ...messages: string[]]> = {
  'nothing at all': [
    '',
    'c.yml:1:1: is empty; list at least one account, as deploy/ai-billing-exporter.example.yml does',
  ],
  'comments alone': [
    '# accounts:\n',
    'c.yml:1:1: is empty; list at least one account, as deploy/ai-billing-exporter.example.yml does',
  ],
  'a list at the top': [
    '- a',
    'c.yml:1:1: must be a mapping of keys to values, such as accounts: with a list below it',
  ],
  'a word at the top': [
    'accounts',
    'c.yml:1:1: must be a mapping of keys to values, such as accounts: with a list below it',
  ],
  'a tab': ['accounts:\n\t- provider: acme', 'c.yml:2:1: a tab cannot indent YAML; use spaces'],
  'an item indented less than the one above': [
    'accounts:\n    - provider: acme\n   - provider: acme',
    `c.yml:3:1: ${INDENT}`,
  ],
  'an item indented more than the one above': [
    'accounts:\n  - provider: acme\n    - provider: acme',
    `c.yml:3:1: ${INDENT}`,
  ],
  'a key indented more than the one above': [
    'accounts:\n  - provider: acme\n\n      name: x\n    apiKey: k',
    `c.yml:4:7: ${INDENT}`,
  ],
  'a key indented less than the one above': [
    'accounts:\n  - provider: acme\n   name: x',
    `c.yml:3:1: ${INDENT}`,
  ],
  'a key between two levels': ['server:\n    listen: ":1"\n  x: 1', `c.yml:3:1: ${INDENT}`],
  'only the first key indented': ['  server:\n    listen: ":1"\naccounts: []', `c.yml:3:1: ${INDENT}`],
  'an open quote on an earlier line': [
    'accounts:\n  - name: "x\n    provider: acme\n',
    'c.yml:4:1: a colon, a quote, a comma or a bracket is missing here or just before',
  ],
  'an open quote': [
    'accounts:\n  - name: "x',
    'c.yml:2:13: a colon, a quote, a comma or a bracket is missing here or just before',
  ],
  'a colon in a value': [
    'accounts:\n  - name: a: b',
    'c.yml:2:11: a value cannot continue like this; put text that contains a colon and a space in quotes',
  ],
  'a word without a colon': [
    'accounts:\n  - provider\n    name: x',
    'c.yml:2:5: a key cannot span lines; is a colon (and a space after it) missing?',
  ],
  'text that starts with @': [
    'accounts:\n  - name: @x',
    'c.yml:2:11: text that starts with this character must be in quotes',
  ],
  'a key that looks like an alias': [
    'accounts:\n  - provider: acme\n    apiKey: *do-not-print-me',
    'c.yml:3:13: accounts[0].apiKey: an alias (*name) without its anchor (&name) above; put text that starts with * in quotes',
  ],
  'a key that looks like a tag': [
    'accounts:\n  - provider: acme\n    apiKey: !do-not-print-me x',
    'c.yml:3:13: tags (words that start with !) are not supported; put text that starts with ! in quotes',
  ],
  'two documents': [
    `${account()}\n---\nfoo: 1`,
    'c.yml:4:1: a second YAML document starts here; a configuration is one document',
  ],
  'an alias within its own anchor': [
    beside('currencies: &c', '  EUR: *c'),
    'c.yml:5:8: currencies.EUR.EUR: an alias within its own anchor; write the value out',
    'c.yml:5:8: currencies.EUR: must be a number above 0, or a list such as [{ from: 2026-01-01, usd: 1.08 }]',
  ],
  'a log level of another program': [
    beside('log:', '  level: warning', '  format: jsn', '  levl: info'),
    'c.yml:5:10: log.level: must be one of debug, info, warn, error, silent; did you mean "warn"? (found "warning")',
    'c.yml:6:11: log.format: must be one of pretty, json, logfmt; did you mean "json"? (found "jsn")',
    'c.yml:7:3: log.levl: unknown key; did you mean "level"?',
  ],
  'a duplicate key': [
    account('timeout: 1m', 'timeout: 2m'),
    'c.yml:5:5: accounts[0].timeout: is a duplicate key, first on line 4; keep one',
  ],
  'a merge of something else': [
    account('<<: 5'),
    'c.yml:4:5: accounts[0]["<<"]: must merge a mapping, such as <<: *defaults',
  ],

  'no accounts': ['server: {}', 'c.yml:1:1: accounts: is missing; add it'],
  'an empty list of accounts': ['accounts: []', 'c.yml:1:11: accounts: must list at least one account'],
  'accounts left empty': ['accounts:', 'c.yml:1:10: accounts: is empty; give it a value or remove the line'],
  'accounts as a mapping': [
    'accounts: { acme: 1 }',
    'c.yml:1:11: accounts: must be a list, not a mapping of keys to values',
  ],
  'an account that is a word': [
    'accounts:\n  - acme',
    'c.yml:2:5: accounts[0]: must be a mapping with provider, name and apiKey or apiKeyFile',
  ],
  'an empty account': [
    'accounts:\n  -',
    'c.yml:2:4: accounts[0]: must be a mapping with provider, name and apiKey or apiKeyFile',
  ],
  'an unknown section': [beside('acounts: []'), 'c.yml:4:1: acounts: unknown key; did you mean "accounts"?'],
  'an unknown section like no other': [
    beside('frobnicate: 1'),
    'c.yml:4:1: frobnicate: unknown key; available: server, state, log, metrics, accounts, budgets, currencies, priceProbes, opentelemetry, history',
  ],

  'a provider left out': [
    `accounts:\n  - apiKey: \${GOOD}`,
    'c.yml:2:5: accounts[0].provider: is missing; add one of acme, globex',
  ],
  'a provider misspelt': [
    `accounts:\n  - provider: acmee\n    apiKey: \${GOOD}`,
    'c.yml:2:15: accounts[0].provider: unknown provider; did you mean "acme"? (found "acmee")',
  ],
  'an unknown provider': [
    `accounts:\n  - provider: openai\n    apiKey: \${GOOD}`,
    'c.yml:2:15: accounts[0].provider: unknown provider; available: acme, globex (found "openai")',
  ],
  'a provider that is a number': [
    `accounts:\n  - provider: 7\n    apiKey: \${GOOD}`,
    'c.yml:2:15: accounts[0].provider: must be text, not a number; put it in quotes (found 7)',
  ],
  'a key misspelt': [
    account('timeuot: 1m'),
    'c.yml:4:5: accounts[0].timeuot: unknown key; did you mean "timeout"?',
  ],
  'a short key with swapped letters': [
    account('naem: x'),
    'c.yml:4:5: accounts[0].naem: unknown key; did you mean "name"?',
  ],
  'a key in another style': [
    account('base_url: x'),
    'c.yml:4:5: accounts[0].base_url: unknown key; did you mean "baseUrl"?',
  ],
  'a key under another name': [
    account('cron: x'),
    'c.yml:4:5: accounts[0].cron: unknown key; did you mean "schedule"?',
  ],
  'the credential under another name': [
    'accounts:\n  - provider: acme\n    token: do-not-print-me',
    'c.yml:3:5: accounts[0].token: unknown key; did you mean "apiKey"?',
  ],
  'a key of the provider misspelt': [
    account('teamID: 1', 'teamd: x'),
    'c.yml:4:5: accounts[0].teamID: unknown key; did you mean "teamId"?',
    'c.yml:5:5: accounts[0].teamd: unknown key; did you mean "teamId"?',
  ],
  'a key of another provider': [
    `accounts:\n  - provider: acme\n    apiKey: \${GOOD}\n    teamId: x`,
    'c.yml:4:5: accounts[0].teamId: unknown key; it belongs to globex accounts',
  ],
  'an unknown key like no other': [
    account('frobnicate: 1'),
    'c.yml:4:5: accounts[0].frobnicate: unknown key; available: provider, name, apiKey, apiKeyFile, baseUrl, since, schedule, timeout, teamId, mode, dueAfter',
  ],
  'a credential glued to its key': [
    'accounts:\n  - provider: acme\n    apiKey:do-not-print-me: ',
    'c.yml:3:5: accounts[0].apiKey: unknown key; put a colon and a space between key and value',
  ],
  "values the provider's schema refuses": [
    account('teamId: ""', 'mode: newer', 'dueAfter: 5x'),
    'c.yml:4:13: accounts[0].teamId: must be at least 1 (found "")',
    'c.yml:5:11: accounts[0].mode: must be one of auto, old, new (found "newer")',
    'c.yml:6:15: accounts[0].dueAfter: a duration is a number and m (found "5x")',
  ],
  'a name that is a number': [
    account('name: 7'),
    'c.yml:4:11: accounts[0].name: must be 1 to 64 printable characters, without spaces around them (found 7)',
  ],
  'an empty name': [
    account('name: ""'),
    'c.yml:4:11: accounts[0].name: must be 1 to 64 printable characters, without spaces around them (found "")',
  ],
  'a name with a line break': [
    account('name: "a\\nb"'),
    'c.yml:4:11: accounts[0].name: must be 1 to 64 printable characters, without spaces around them (found "a\\nb")',
  ],
  'a name twice': [
    beside('  - { provider: acme, name: globex, apiKey: x }', '  - { provider: globex, apiKey: x }'),
    'c.yml:5:5: accounts[2].name: accounts[0] of the same provider already has this name; choose another (found "globex")',
  ],

  'no credential': [
    'accounts:\n  - provider: acme',
    `c.yml:2:5: accounts[0].apiKey: is missing; add apiKey: \${VARIABLE} or apiKeyFile: PATH`,
  ],
  'two credentials': [
    account('apiKeyFile: x/y'),
    'c.yml:4:5: accounts[0].apiKeyFile: conflicts with apiKey; keep one of the two',
  ],
  'an empty credential': [
    'accounts:\n  - { provider: acme, apiKey: "" }',
    'c.yml:2:31: accounts[0].apiKey: is empty',
  ],
  'a credential left empty': [
    'accounts:\n  - provider: acme\n    apiKey:',
    'c.yml:3:12: accounts[0].apiKey: is empty; give it a value or remove the line',
  ],
  'a credential that is a number': [
    'accounts:\n  - { provider: acme, apiKey: 12345 }',
    'c.yml:2:31: accounts[0].apiKey: must be text, not a number; put it in quotes',
  ],
  'an empty variable': [
    `accounts:\n  - { provider: acme, apiKey: "\${EMPTY}" }`,
    'c.yml:2:31: accounts[0].apiKey: is empty (in variable EMPTY)',
  ],
  'a missing variable': [
    `accounts:\n  - { provider: acme, apiKey: "\${NOPE}" }`,
    `c.yml:2:31: accounts[0].apiKey: the environment variable NOPE is not set; set it, or write $\${NOPE} for the literal text`,
  ],
  'a default for a variable': [
    `accounts:\n  - { provider: acme, apiKey: "\${GOOD:-x}" }`,
    `c.yml:2:31: accounts[0].apiKey: only \${NAME} names a variable; write $\${ for a literal \${`,
  ],
  'an open variable': [
    `accounts:\n  - { provider: acme, apiKey: "\${GOOD" }`,
    `c.yml:2:31: accounts[0].apiKey: only \${NAME} names a variable; write $\${ for a literal \${`,
  ],
  'a credential with a space': [
    `accounts:\n  - { provider: acme, apiKey: "\${SPACED}" }`,
    'c.yml:2:31: accounts[0].apiKey: contains a space or a tab; a key has neither (in variable SPACED)',
  ],
  'a credential over two lines': [
    'accounts:\n  - { provider: acme, apiKey: "a\\nb" }',
    'c.yml:2:31: accounts[0].apiKey: contains a line break; a key is a single line',
  ],
  'a credential with a dash of a word processor': [
    'accounts:\n  - { provider: acme, apiKey: sk–1 }',
    'c.yml:2:31: accounts[0].apiKey: contains a character that a header cannot carry; was it copied from formatted text?',
  ],
  'a secret file that is not there': [
    'accounts:\n  - { provider: acme, apiKeyFile: run/nope }',
    'c.yml:2:35: accounts[0].apiKeyFile: cannot be read: the file does not exist; correct the path or create it',
  ],
  'a credential where its file should be named': [
    'accounts:\n  - { provider: acme, apiKeyFile: do-not-print-me }',
    'c.yml:2:35: accounts[0].apiKeyFile: cannot be read: the file does not exist; correct the path or create it',
  ],
  'a secret in the place of anything else': [
    account(`timeout: \${SECRET}`),
    `c.yml:4:14: accounts[0].timeout: must be a duration from 0.1s to 10m: ${DURATION} (found "\${SECRET}")`,
  ],

  'no URL': [
    account('baseUrl: localhost:80'),
    'c.yml:4:14: accounts[0].baseUrl: must be a URL that starts with https:// or http://',
  ],
  'a URL with a password': [
    account('baseUrl: https://me:do-not-print-me@host'),
    'c.yml:4:14: accounts[0].baseUrl: must not contain a user or password; put the key into apiKey or apiKeyFile',
  ],
  'a URL with a query': [
    account('baseUrl: https://host/?key=do-not-print-me'),
    'c.yml:4:14: accounts[0].baseUrl: must end with the path, without ? or #',
  ],
  'an invalid day': [
    account('since: 2026-02-30'),
    'c.yml:4:12: accounts[0].since: must be a day of the calendar, such as 2026-11-01 (found "2026-02-30")',
  ],
  'a day with a time': [
    account('since: 2026-02-03T00:00:00Z'),
    'c.yml:4:12: accounts[0].since: must be a day of the calendar, such as 2026-11-01 (found "2026-02-03T00:00:00Z")',
  ],
  tomorrow: [
    account('since: 2026-11-23'),
    'c.yml:4:12: accounts[0].since: must not be in the future (found "2026-11-23")',
  ],
  'a timeout that is a number': [
    account('timeout: 30'),
    `c.yml:4:14: accounts[0].timeout: must be a duration from 0.1s to 10m: ${DURATION} (found 30)`,
  ],
  'a timeout that is too long': [
    account('timeout: 1h'),
    `c.yml:4:14: accounts[0].timeout: must be a duration from 0.1s to 10m: ${DURATION} (found "1h")`,
  ],

  'a schedule of another kind': [
    account('schedule: 5'),
    'c.yml:4:15: accounts[0].schedule: must be a cron expression, or a mapping of feeds to cron expressions (found 5)',
  ],
  'a cron expression that is too short': [
    account('schedule: "* * * *"'),
    `c.yml:4:15: accounts[0].schedule: ${CRON}it has 4 fields instead of five or six (found "* * * *")`,
  ],
  'a minute out of range': [
    account('schedule: { usage: "60 * * * *" }'),
    `c.yml:4:24: accounts[0].schedule.usage: ${CRON}the minute field takes 0 to 59, ranges, lists and steps such as */5, not "60" (found "60 * * * *")`,
  ],
  'an unknown feed': [
    account('schedule: { usag: "x" }'),
    'c.yml:4:17: accounts[0].schedule.usag: globex has no such feed; did you mean "usage"?',
  ],
  'a feed of another provider': [
    account('schedule: { balance: "* * * * *" }'),
    'c.yml:4:17: accounts[0].schedule.balance: globex has no such feed; available: usage',
  ],

  'a port alone': [beside('server: { listen: 9464 }'), `c.yml:4:19: server.listen: ${LISTEN} (found 9464)`],
  'a port out of range': [
    beside('server: { listen: ":65536" }'),
    `c.yml:4:19: server.listen: ${LISTEN} (found ":65536")`,
  ],
  'an IPv6 address without brackets': [
    beside('server: { listen: "::1:80" }'),
    `c.yml:4:19: server.listen: ${LISTEN} (found "::1:80")`,
  ],
  'a web configuration without a name': [
    beside('server: { webConfig: "" }'),
    'c.yml:4:22: server.webConfig: must name a file (found "")',
  ],
  'a web configuration in place of its name': [
    beside('server: { webConfig: { basic_auth_users: {} } }'),
    'c.yml:4:22: server.webConfig: must be the path of a file',
  ],
  'a budget without a limit': [
    beside('budgets:', '  - name: all'),
    'c.yml:5:5: budgets[0].limitUsd: is missing; add it',
  ],
  'a budget whose limit is called otherwise': [
    beside('budgets:', '  - { name: all, limit: 5 }'),
    'c.yml:5:5: budgets[0].limitUsd: is missing; add it',
    'c.yml:5:18: budgets[0].limit: unknown key; did you mean "limitUsd"?',
  ],
  'a budget with a limit of 0': [
    beside('budgets:', '  - { name: all, limitUsd: 0 }'),
    'c.yml:5:28: budgets[0].limitUsd: must be a number of dollars above 0 (found 0)',
  ],
  'a budget that alerts at a percentage': [
    beside('budgets:', '  - { name: all, limitUsd: 10, alertAt: [80] }'),
    'c.yml:5:42: budgets[0].alertAt[0]: must be a fraction of the limit above 0 and up to 10, such as 0.8 (found 80)',
  ],
  'a budget that alerts at one number': [
    beside('budgets:', '  - { name: all, limitUsd: 10, alertAt: 0.8 }'),
    'c.yml:5:41: budgets[0].alertAt: must be a list of fractions of the limit, such as [0.5, 0.8, 1] (found 0.8)',
  ],
  'a budget of another severity': [
    beside('budgets:', '  - { name: all, limitUsd: 10, severity: page }'),
    'c.yml:5:42: budgets[0].severity: must be one of critical, warning, info (found "page")',
  ],
  'a budget over a year': [
    beside('budgets:', '  - { name: all, limitUsd: 10, period: year }'),
    'c.yml:5:40: budgets[0].period: must be one of day, week, month (found "year")',
  ],
  'a budget that matches by something else': [
    beside('budgets:', '  - { name: all, limitUsd: 10, match: { modell: x } }'),
    'c.yml:5:41: budgets[0].match.modell: unknown key; did you mean "model"?',
  ],
  'a budget that matches by a number': [
    beside('budgets:', '  - { name: all, limitUsd: 10, match: { model: 5 } }'),
    'c.yml:5:48: budgets[0].match.model: must be text such as "team/*", or a list of such texts (found 5)',
  ],
  'a budget that matches no account': [
    beside('budgets:', '  - { name: all, limitUsd: 10, match: { provider: globx } }'),
    'c.yml:5:39: budgets[0].match: matches no account; the accounts are globex "globex"',
  ],
  'a budget of an account that is itself invalid': [
    [
      account(),
      '  - { provider: acme, apiKy: k }',
      'budgets:',
      '  - { name: all, limitUsd: 10, match: { provider: acme } }',
    ].join('\n'),
    'c.yml:4:23: accounts[1].apiKy: unknown key; did you mean "apiKey"?',
  ],
  'two budgets of one name': [
    beside('budgets:', '  - { name: a, limitUsd: 10 }', '  - { name: a, limitUsd: 20, period: day }'),
    'c.yml:6:13: budgets[1].name: is already the name of budgets[0]; choose another',
  ],
  'a price probe of no account': [
    beside('priceProbes:', '  - { name: a, account: globx, pricing: {} }'),
    'c.yml:5:25: priceProbes[0].account: globex has no such account; did you mean "globex"? (found "globx")',
  ],
  'a price probe without a price': [
    beside('priceProbes: [{ name: a }]'),
    'c.yml:4:15: priceProbes[0].pricing: is missing; add it',
  ],
  'two price probes of one name': [
    beside('priceProbes: [{ name: a, pricing: {} }, { name: a, pricing: {} }]'),
    'c.yml:4:49: priceProbes[1].name: is already the name of priceProbes[0]; choose another',
  ],
  'a price probe without an account': [
    'accounts: [{ provider: acme, apiKey: k }]\npriceProbes: [{ name: a, pricing: {} }]',
    'c.yml:2:15: priceProbes[0]: needs an account of globex; add one or remove this entry',
  ],
  'a section left empty': [
    beside('server:'),
    'c.yml:4:8: server: is empty; give it a value or remove the line',
  ],
  'no path': [beside('state: { path: "" }'), 'c.yml:4:16: state.path: must name a file (found "")'],
  'metrics out of bounds': [
    beside('metrics: { newSeriesZero: 2d, maxSeries: 0 }'),
    `c.yml:4:27: metrics.newSeriesZero: must be a duration from 0s to 1d: ${DURATION} (found "2d")`,
    'c.yml:4:42: metrics.maxSeries: must be at least 1 (found 0)',
  ],
  'a fraction of a series': [
    beside('metrics: { maxSeries: 1.5 }'),
    'c.yml:4:23: metrics.maxSeries: must be a whole number, not a number (found 1.5)',
  ],

  'invalid rates': [
    beside('currencies: { A: 0, B: -1, C: x, D: true, E: [], F:, G: 1e-13 }'),
    'c.yml:4:18: currencies.A: must be a number above 0: the dollars for one unit (found 0)',
    'c.yml:4:24: currencies.B: must be a number above 0: the dollars for one unit (found -1)',
    'c.yml:4:31: currencies.C: must be a number above 0: the dollars for one unit (found "x")',
    'c.yml:4:37: currencies.D: must be a number above 0, or a list such as [{ from: 2026-01-01, usd: 1.08 }] (found true)',
    'c.yml:4:46: currencies.E: must list at least one rate',
    'c.yml:4:52: currencies.F: is empty; give it a value or remove the line',
    'c.yml:4:57: currencies.G: must be a number above 0: the dollars for one unit (found 1e-13)',
  ],
  'invalid dated rates': [
    beside(
      'currencies:',
      '  EUR:',
      '    - { from: x, usd: 1 }',
      '    - { from: 2026-01-01 }',
      '    - { from: 2026-01-01, rate: 1 }',
    ),
    'c.yml:6:15: currencies.EUR[0].from: must be a day of the calendar, such as 2026-11-01 (found "x")',
    'c.yml:7:7: currencies.EUR[1].usd: is missing; add it',
    'c.yml:8:7: currencies.EUR[2].usd: is missing; add it',
    'c.yml:8:27: currencies.EUR[2].rate: unknown key; available: from, usd',
  ],
  'two rates from one day': [
    beside('currencies: { EUR: [{ from: 2026-01-01, usd: 1 }, { from: 2026-01-01, usd: 2 }] }'),
    'c.yml:4:20: currencies.EUR: has two rates from 2026-01-01; keep one',
  ],
  'names of currencies': [
    beside('currencies: { eur: 1, EUR: 1, usd: 2, "E R": 1 }'),
    'c.yml:4:23: currencies.EUR: is the same currency as eur; keep one',
    'c.yml:4:31: currencies.usd: is the currency of the ledger, at 1; remove it',
    'c.yml:4:39: currencies["E R"]: must be a currency name, such as EUR',
  ],

  'errors of every kind at once': [
    [
      'server: { listen: x }',
      'accounts:',
      '  - provider: acmee',
      '  - provider: acme',
      `    apiKey: \${NOPE}`,
      '    timeout: 1',
      'currencies: { USD: 2 }',
      'foo: 1',
    ].join('\n'),
    `c.yml:1:19: server.listen: ${LISTEN} (found "x")`,
    `c.yml:3:5: accounts[0].apiKey: is missing; add apiKey: \${VARIABLE} or apiKeyFile: PATH`,
    'c.yml:3:15: accounts[0].provider: unknown provider; did you mean "acme"? (found "acmee")',
    `c.yml:5:13: accounts[1].apiKey: the environment variable NOPE is not set; set it, or write $\${NOPE} for the literal text`,
    `c.yml:6:14: accounts[1].timeout: must be a duration from 0.1s to 10m: ${DURATION} (found 1)`,
    'c.yml:7:15: currencies.USD: is the currency of the ledger, at 1; remove it',
    'c.yml:8:1: foo: unknown key; available: server, state, log, metrics, accounts, budgets, currencies, priceProbes, opentelemetry, history',
  ],
};

for (const [name, [text, ...messages]] of Object.entries(CASES)) {
  test(`${name} is reported with its position, key and remedy`, () =>
    assert.deepEqual(errorsIn(text), messages));
}

test('an unknown key that several other providers have names all of them', () => {
  const [acme, globex] = FAKE_PROVIDERS;
  assert.ok(acme && globex);
  const text = `accounts:\n  - provider: acme\n    apiKey: \${GOOD}\n    teamId: x`;
  assert.deepEqual(errorsIn(text, ENV, [acme, globex, { ...globex, id: 'hooli' }]), [
    'c.yml:4:5: accounts[0].teamId: unknown key; it belongs to globex and hooli accounts',
  ]);
});

test('a missing file, a folder and a binary file are reported as unreadable', () => {
  const missing = join(folder, 'nope.yml');
  const load = (file: string) => () => loadConfig(file, {}, FAKE_PROVIDERS, NOW);
  assert.throws(load(missing), {
    name: 'ConfigError',
    message: `${missing}: cannot be read: the file does not exist; correct the path or create it`,
  });
  assert.throws(load(folder), {
    name: 'ConfigError',
    message: `${folder}: cannot be read: it is a directory; name a file in it`,
  });
  assert.deepEqual(errorsIn(Uint8Array.of(0x61, 0xff, 0xfe)), ['c.yml: is not UTF-8 text; save it as such']);
});

test('apiKeyFile refuses a folder, an empty, a multi-line and an oversized file', () => {
  mkdirSync(join(folder, 'secrets/folder'), { recursive: true });
  writeFileSync(join(folder, 'secrets/empty'), '\n');
  writeFileSync(join(folder, 'secrets/lines'), 'do-not-print-me\nsecond\n');
  writeFileSync(join(folder, 'secrets/large'), 'x'.repeat(70_000));
  const message = (path: string) =>
    errorsIn(`accounts:\n  - { provider: acme, apiKeyFile: ${path} }`)[0]?.replace(/^.*apiKeyFile: /, '');
  assert.equal(
    message('secrets/folder'),
    'cannot be read: it is a directory; name a file in it (found "secrets/folder")',
  );
  assert.equal(message('secrets/empty'), 'names a file that is empty (found "secrets/empty")');
  assert.equal(
    message('secrets/lines'),
    'names a file that contains a line break; a key is a single line (found "secrets/lines")',
  );
  assert.equal(
    message('secrets/large'),
    'names a file larger than 64 KiB, which cannot be a key (found "secrets/large")',
  );
});

test('apiKeyFile never quotes a key pasted in place of its path, even with slashes', () => {
  for (const key of ['sk-do/not+print/me==', '/do-not-print-me', 'do-not-print-me', '/sk/do-not-print/me']) {
    const [message = ''] = errorsIn(`accounts:\n  - { provider: acme, apiKeyFile: ${key} }`);
    assert.match(message, /^c\.yml:2:35: accounts\[0\]\.apiKeyFile: cannot be read: the file does not exist/);
    assert.doesNotMatch(message, /not.print/);
  }
});

test('YAML aliases are limited, so that nested ones cannot exhaust memory', () => {
  const layers = Array.from(
    { length: 12 },
    (_, index) => `l${index + 1}: &l${index + 1} [${Array(9).fill(`*l${index}`)}]`,
  );
  const errors = errorsIn(['l0: &l0 x', ...layers].join('\n'));
  assert.ok(errors.some((line) => line.endsWith('too many aliases; write the values out')));
});

test('loadConfig returns a configuration or throws a ConfigError for any text', () => {
  const whole = account(
    'name: x',
    'schedule: { usage: "*/5 * * * *" }',
    'since: 2026-01-01',
    'currencies: { EUR: 1 }',
    'opentelemetry: { receivers: [{ name: a, endpoint: "http://h", headers: { k: v } }], traces: { protocol: grpc } }',
  ).replaceAll(/^ {4}(?=opentelemetry)/gm, '');
  const piece = fc.oneof(
    fc.constantFrom(
      ...`\t : - , [ ] { } & * ! | > " ' # % @ ? ~ << \${ $\${ null true 1 .inf __proto__`.split(' '),
      '\n',
    ),
    fc.string({ maxLength: 4 }),
  );
  const edit = fc.tuple(fc.nat(whole.length), fc.nat(6), piece);
  const edited = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), whole),
    );
  assertProperty(
    fc.property(edited, (text) => void errorsIn(text)),
    { numRuns: 1000 },
  );
});
