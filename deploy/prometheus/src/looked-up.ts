/** A sentence with a figure that Prometheus looks up while the alert fires. */
export interface Looked {
  /** PromQL; each `{...}` is narrowed to the alert's own labels. */
  readonly of: string;
  /** The labels of the alert that narrow it. */
  readonly by: readonly string[];
  /** How the figure is written: the end of a template's pipeline. */
  readonly as: string;
  /** The sentence around it; `#` is the figure. */
  readonly says: string;
}

/** The sentence as a template, a space before it; nothing where there is no figure. */
export function lookedUp({ of, by, as, says }: Looked): string {
  const own = by.map((label) => `${label}=%q`).join(',');
  const narrowed = of.replaceAll(/\{([^}]*)\}/g, (_, also) => `{${also === '' ? own : `${also},${own}`}}`);
  const selectors = of.split('{').length - 1;
  const values = Array.from({ length: selectors }, () => by.map((label) => ` $labels.${label}`).join(''));
  const figure = `{{ . | first | value | ${as} }}`;
  return `{{ with printf \`${narrowed}\`${values.join('')} | query }} ${says.replace('#', () => figure)}{{ end }}`;
}

export const DOLLARS = 'printf "$%.2f"';

/** What is at stake, where the whole of it is known. Two exporters may read the same account for a while. */
export const YESTERDAY = lookedUp({
  of: 'max(sum by (job, instance) (ai_billing_cost_yesterday_usd{})) unless on () max(ai_billing_cost_window_complete{window="yesterday"}) == 0',
  by: ['provider', 'account'],
  as: DOLLARS,
  says: 'The account cost # yesterday.',
});

export const LAST_SUCCESS = lookedUp({
  of: 'time() - max(ai_billing_last_success_timestamp_seconds{})',
  by: ['provider', 'account', 'feed'],
  as: 'humanizeDuration',
  says: 'It last succeeded # ago.',
});
