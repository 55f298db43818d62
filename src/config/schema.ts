import { z } from 'zod';
import { HISTORY_MONTHS } from '../core/ledger/closing.ts';
import {
  type BUDGET_LABELS,
  BUDGET_SEVERITIES,
  DEFAULT_BUDGET_ALERTS,
  PERIODS,
} from '../core/reports/budget.ts';
import { DAY, MINUTE } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { LOG_FORMATS, LOG_LEVELS } from './config.ts';
import { HistorySection } from './history/schema.ts';
import { OpenTelemetrySection } from './otel/schema.ts';
import {
  AlertAt,
  BaseUrl,
  Cron,
  Day,
  Dollars,
  duration,
  Label,
  Listen,
  must,
  Patterns,
  RateOrHistory,
} from './values/values.ts';

/** The schema of the configuration file: its keys, their values and what they are for. */

/** Keys of every account, whatever its provider. */
export const AccountKeys = z.strictObject({
  provider: z.string().meta({ description: 'Which service is read.' }),
  name: Label.optional().meta({
    description: 'The account label, unique within the provider. Default: the id of the provider.',
  }),
  apiKey: z.string().optional().meta({ description: `The credential, best as a variable: \${NAME}.` }),
  apiKeyFile: z.string().optional().meta({
    description: 'A file with the credential, relative to the configuration; read again when it changes.',
  }),
  baseUrl: BaseUrl.optional().meta({ format: 'uri', description: 'Where the API lives; a path is kept.' }),
  since: Day.optional().meta({
    format: 'date',
    description: 'First UTC day that is read. Default: the start of last month.',
  }),
  schedule: z
    .union(
      [Cron, z.record(z.string(), Cron)],
      must('a cron expression, or a mapping of feeds to cron expressions'),
    )
    .optional()
    .meta({ description: 'A cron expression for all feeds, or one per feed. Default: that of each feed.' }),
  timeout: duration(100, 10 * MINUTE)
    .prefault('30s')
    .meta({ description: 'How long one request may take.' }),
});
export type AccountKeys = z.infer<typeof AccountKeys>;

/** Names of the keys that accounts of every provider have. */
export const COMMON_KEYS: readonly string[] = Object.keys(AccountKeys.shape);

const LABEL_TEXTS: Readonly<Record<(typeof BUDGET_LABELS)[number], string>> = {
  provider: 'Providers.',
  account: 'Accounts.',
  resource: 'Resources, by their ids.',
  model: 'Models.',
  tier: 'Tiers.',
  currency: 'What it was paid with.',
};
const patterns = (label: (typeof BUDGET_LABELS)[number]) =>
  Patterns.optional().meta({ description: `${LABEL_TEXTS[label]} Exact, or with * and ?; one or a list.` });

/** One limit. */
const Budget = z.strictObject({
  name: Label.meta({ description: 'The label budget; unique.' }),
  limitUsd: Dollars.meta({ description: 'What may be spent in a period, in US dollars.' }),
  period: z.enum(PERIODS).prefault('month').meta({ description: 'UTC; weeks start on Monday.' }),
  alertAt: AlertAt.prefault([...DEFAULT_BUDGET_ALERTS.alertAt]).meta({
    description: 'Fractions of the limit at which to alert; [] alerts at none.',
  }),
  severity: z.enum(BUDGET_SEVERITIES).prefault(DEFAULT_BUDGET_ALERTS.severity).meta({
    description: 'The severity of its alerts from the limit on.',
  }),
  match: z
    .strictObject({
      provider: patterns('provider'),
      account: patterns('account'),
      resource: patterns('resource'),
      model: patterns('model'),
      tier: patterns('tier'),
      currency: patterns('currency').transform((list) => list?.map((pattern) => pattern.toUpperCase())),
    })
    .prefault({})
    .meta({ description: 'What is counted: all of these must match. Default: everything.' }),
});

/** Everything but the accounts, whose keys depend on their provider. */
export const Sections = z.strictObject({
  server: z
    .strictObject({
      listen: Listen.prefault('0.0.0.0:9464').meta({
        description:
          'Address and port of the web server; ":9464" is every IPv4 address, port 0 any free one.',
      }),
      enableReload: z.boolean().prefault(false).meta({
        description: 'Lets POST /-/reload read the configuration again; SIGHUP always does.',
      }),
      webConfig: z.string(must('the path of a file')).min(1, 'must name a file').optional().meta({
        description:
          'A file with TLS, users, headers and a rate limit, relative to the configuration; read again when it changes.',
      }),
    })
    .prefault({}),
  state: z
    .strictObject({
      path: z
        .string()
        .min(1, 'must name a file')
        .prefault('./data/ledger.db')
        .meta({ description: 'The database file, relative to the working directory.' }),
      historyMonths: z.int().min(1).max(1200).prefault(HISTORY_MONTHS).meta({
        description:
          'Months before the current one of which cost and usage are kept by the day; older costs by the month.',
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).prefault('info').meta({
        description: 'The least severe messages that are logged.',
      }),
      format: z.enum(LOG_FORMATS).optional().meta({
        description: 'How messages are written. Default: pretty on a terminal, otherwise json.',
      }),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      newSeriesZero: duration(0, DAY).prefault('2m').meta({
        description: 'How long a new series shows 0 before its value: at least two scrape intervals.',
      }),
      maxSeries: z.int().min(1).prefault(10_000).meta({
        description: 'Series an account may have; the rest share one.',
      }),
    })
    .prefault({}),
  accounts: z
    .array(z.unknown())
    .min(1, 'must list at least one account')
    .meta({ description: 'One entry for each set of credentials.' }),
  budgets: z.array(Budget).prefault([]).meta({ description: 'Limits on what some of it may cost.' }),
  currencies: z.record(z.string(), RateOrHistory).prefault({}).meta({
    description: 'Dollars for one unit of a currency: one rate, or a list of rates with the day each begins.',
  }),
  opentelemetry: OpenTelemetrySection.optional().meta({
    description: 'Metrics over OTLP, /otel/metrics, and spans of the exporter itself.',
  }),
  history: HistorySection.optional().meta({
    description: 'The months before the first scrape, sent once by remote write.',
  }),
});
export type Sections = z.infer<typeof Sections>;

/** The same with the lists that only one provider reads, whose entries its own schema checks. */
export function sectionsOf(registry: readonly Provider<unknown>[]) {
  const lists = registry.flatMap(({ section }) => {
    const list = z.array(z.unknown()).prefault([]);
    return section ? [[section.key, list.meta({ description: section.description })] as const] : [];
  });
  const { opentelemetry, history, ...shape } = Sections.shape;
  return z.strictObject({ ...shape, ...Object.fromEntries(lists), opentelemetry, history });
}
