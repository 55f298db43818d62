/**
 * The dollars of a query's only series, for a description; `?` where it has none, so that a text never fails. `%q` in the query stands
 * for the labels, in turn.
 */
export function dollarsOf(query: string, labels: readonly string[] = []): string {
  return firstOf(query, labels, 'printf "$%.2f"');
}

/** How far the account was read: no text is newer than that. */
export const BILLED_THROUGH = `Read through ${firstOf(
  'max(ai_billing_data_through_timestamp_seconds{provider=%q, account=%q})',
  ['provider', 'account'],
  'humanizeTimestamp',
)}; what was spent since, and what the provider posts later, is not in it.`;

/** The same, of budgets, which may be over many accounts. */
export const AS_BILLED =
  'All as billed so far: minutes to hours old, and up to a day or two where a provider posts late.';

/** The value of a query's only series in a format. */
export function firstOf(query: string, labels: readonly string[], format: string): string {
  const asked = ['printf', `\`${query}\``, ...labels.map((label) => `$labels.${label}`)].join(' ');
  return `{{ with ${asked} | query }}{{ . | first | value | ${format} }}{{ else }}?{{ end }}`;
}
