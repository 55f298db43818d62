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

export const DOLLARS = 'printf "$%.2f"';

/** What is at stake, if yesterday was read completely. Two exporters may read the same account for a while. */
export const YESTERDAY = figureSentence({
  of: 'max(sum by (job, instance) (ai_billing_cost_yesterday_usd{})) unless on () max(ai_billing_cost_window_complete{window="yesterday"}) == 0',
  by: ['provider', 'account'],
  as: DOLLARS,
  says: 'Yesterday the account cost #.',
});

export const LAST_SUCCESS = figureSentence({
  of: 'time() - max(ai_billing_last_success_timestamp_seconds{})',
  by: ['provider', 'account', 'feed'],
  as: 'humanizeDuration',
  says: 'It last succeeded # ago.',
});
