import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { refillingOf } from '../../../src/providers/api/currencies.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';
import { DOLLARS, DURATION } from './text.ts';

/** A sentence with a figure that Prometheus queries while the alert fires. */
export interface Figure {
  /** PromQL; each `{...}` is narrowed to the labels of the alert. */
  readonly of: string;
  /** Labels of the alert to narrow it by. */
  readonly by: readonly string[];
  /** The format of the figure: the end of a template pipeline. */
  readonly as: string;
  /** The sentence; `#` stands for the figure. */
  readonly says: string;
}

/** The sentence as a template, with a leading space; empty if the query has no result. */
export function figureSentence({ of, by, as, says }: Figure): string {
  const own = by.map((label) => `${label}=%q`).join(',');
  const narrowed = of.replaceAll(/\{([^}]*)\}/g, (_, also) => `{${also === '' ? own : `${also},${own}`}}`);
  const selectors = of.split('{').length - 1;
  const values = Array.from({ length: selectors }, () => by.map((label) => ` $labels.${label}`).join(''));
  const figure = `{{ . | first | value | ${as} }}`;
  return `{{ with printf \`${narrowed}\`${values.join('')} | query }} ${says.replace('#', () => figure)}{{ end }}`;
}

/** What is at stake, if yesterday was read completely. Two exporters may read the same account for a while. */
export const YESTERDAY = figureSentence({
  of: 'max(sum by (job, instance) (ai_billing_cost_yesterday_usd{})) unless on () max(ai_billing_cost_window_complete{window="yesterday"}) == 0',
  by: ['provider', 'account'],
  as: DOLLARS,
  says: 'Yesterday the account cost #.',
});

/** Balances of prepaid accounts, without currencies that refill daily; ends with an open matcher list. */
export const PREPAID = `${METRICS.balance.name}{currency!~"${PROVIDERS.flatMap((provider) => [...refillingOf(provider)]).join('|')}"`;

/** What was left of a prepaid account. */
export const BALANCE_LEFT = figureSentence({
  of: `sum(max by (currency) (${PREPAID}}))`,
  by: ['provider', 'account'],
  as: DOLLARS,
  says: 'Its prepaid balance was # when last read.',
});

export const LAST_SUCCESS = figureSentence({
  of: 'time() - max(ai_billing_last_success_timestamp_seconds{})',
  by: ['provider', 'account', 'feed'],
  as: DURATION,
  says: 'It last succeeded # ago.',
});
