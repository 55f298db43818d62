/**
 * The dollars of a query with one series, or `?` without a result, so that a text never fails to render. Each `%q` in the query is
 * replaced by a label, in order.
 */
export function dollarsOf(query: string, labels: readonly string[] = []): string {
  return firstOf(query, labels, 'printf "$%.2f"');
}

/** How far the account has been read. */
export const BILLED_THROUGH = `Read through ${firstOf(
  'max(ai_billing_data_through_timestamp_seconds{provider=%q, account=%q})',
  ['provider', 'account'],
  'humanizeTimestamp',
)}; later usage and charges posted late are not included.`;

/** The same for budgets, which may span many accounts. */
export const AS_BILLED =
  'Figures are minutes to hours old, or up to two days for charges that a provider posts late.';

/** The value of a query with one series, formatted. */
export function firstOf(query: string, labels: readonly string[], format: string): string {
  const asked = ['printf', `\`${query}\``, ...labels.map((label) => `$labels.${label}`)].join(' ');
  return `{{ with ${asked} | query }}{{ . | first | value | ${format} }}{{ else }}?{{ end }}`;
}
