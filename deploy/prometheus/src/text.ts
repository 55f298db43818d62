import { PROVIDERS } from '../../../src/providers/index.ts';

/*
 * Ends of template pipelines that format a number. Prometheus' templates cannot calculate, but they can replace text and query; see
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/.
 */

/** A comma before the last three digits that end at a point or a comma. */
const SEPARATE = 'reReplaceAll `(\\d)(\\d{3}[.,])` "$1,$2"';
/** `$14,136.83`, `$14,000` without cents, and `-$5`; separated up to a trillion. */
export const DOLLARS = `printf "$%.2f" | ${SEPARATE} | ${SEPARATE} | ${SEPARATE} | reReplaceAll \`\\.00$\` "" | reReplaceAll "^.-" "-$$"`;
/** `1d 22h` or `3h 12m`: no seconds. */
export const DURATION = 'humanizeDuration | reReplaceAll `( 0h 0m| 0m)? \\d+s$` ""';

/** The value of the alert in dollars. */
export const VALUE_USD = `{{ $value | ${DOLLARS} }}`;

/** A provider by its title rather than its id. `label` is an expression of the template. */
export function titleOf(label: string): string {
  const cases = PROVIDERS.map(({ id, title }) => `if eq . "${id}" }}${title}{{ else `);
  return `{{ with ${label} }}{{ ${cases.join('')}}}{{ . }}{{ end }}{{ end }}`;
}

/** The account that an alert is about, such as `Venice.ai/prod`. */
export const ACCOUNT = `${titleOf('$labels.provider')}/{{ $labels.account }}`;

/** How far the account has been read. */
export const BILLED_THROUGH = `Read through ${timeOf(
  'max(ai_billing_data_through_timestamp_seconds{provider=%q, account=%q})',
  ['provider', 'account'],
)}; later charges are not included.`;

/** The same for budgets, which may span many accounts. */
export const AS_BILLED = 'Charges may arrive up to two days late.';

/**
 * The dollars of a query with one series, or `?` without a result, so that a text never fails to render. Each `%q` in the query is
 * replaced by a label, in order.
 */
export function dollarsOf(query: string, labels: readonly string[] = []): string {
  return firstOf(query, labels, DOLLARS);
}

/** The value of a query with one series, formatted. */
export function firstOf(query: string, labels: readonly string[], format: string): string {
  return withQuery(query, labels, `{{ . | first | value | ${format} }}`);
}

/** A Unix timestamp of a query with one series, as `Nov 30, 18:00 UTC`. */
export function timeOf(query: string, labels: readonly string[] = []): string {
  return withQuery(query, labels, '{{ (. | first | value | toTime).Format "Jan 2, 15:04 UTC" }}');
}

/** The value of the alert in whole units of so many seconds, rounded up. */
export function valueIn(seconds: number): string {
  return `{{ with printf "ceil(vector(%f / ${seconds}))" $value | query }}{{ . | first | value }}{{ end }}`;
}

/** A sentence that lists the series of a query, each as a text in which `.` is the sample; empty without any. */
export function listOf(query: string, each: string, says = ''): string {
  return `{{ with query \`${query}\` }}${says}{{ range $index, $each := . }}{{ if $index }}, {{ end }}{{ with $each }}${each}{{ end }}{{ end }}. {{ end }}`;
}

function withQuery(query: string, labels: readonly string[], text: string): string {
  const asked = ['printf', `\`${query}\``, ...labels.map((label) => `$labels.${label}`)].join(' ');
  return `{{ with ${asked} | query }}${text}{{ else }}?{{ end }}`;
}
