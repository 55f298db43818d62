import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';

const INTRODUCTION = `# Metrics

<!-- Generated from src/core/metrics/catalog.ts by \`npm run generate\`. -->

Names, types and labels are public API: they change only with a deprecation period.
For terms such as *baseline*, *corrections* and *data-through*, see the [glossary](glossary.md).

Labels that do not apply are \`""\`.
Ledger counters never decrease. Refunds and restatements are counted by a second counter, the corrections; the net is the difference of the two.
Both are exported together, starting at 0.

    increase(ai_billing_cost_usd_total[1h]) - increase(ai_billing_cost_corrections_usd_total[1h])

Metrics are exported as Prometheus text 0.0.4 and OpenMetrics 1.0.0, in which counter families are named without \`_total\`.
Samples have no timestamps.
Metrics about the exporter are current at the time of the scrape, process metrics at most 250 ms older; all others are as of the last poll.
`;

const SECTIONS: readonly { source: Metric['source']; title: string; text: string }[] = [
  {
    source: 'ledger',
    title: 'From the ledger',
    text: 'Billed cost and usage, including all revisions so far.',
  },
  {
    source: 'feed',
    title: 'Reported by the provider',
    text: 'Exported as reported, independent of the ledger.',
  },
  {
    source: 'exporter',
    title: 'About the exporter',
    text: 'The process metrics of the runtime (`process_*`, `nodejs_*`) are exported as well.',
  },
];

/** The content of `docs/metrics.md`. */
export function metricsPage(): string {
  const families = Object.values<Metric>(METRICS);
  const sections = SECTIONS.map(({ source, title, text }) => {
    const rows = families.filter((metric) => metric.source === source).map(entryOf);
    return `## ${title}\n\n${text}\n\n${rows.join('\n')}`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function entryOf({ name, type, help, labels, corrections, summable }: Metric): string {
  const facts = [
    `- Type: ${type}`,
    `- Labels: ${labels.length > 0 ? labels.map((label) => `\`${label}\``).join(', ') : 'none'}`,
    `- Can be summed over its labels: ${summable ? 'yes' : 'no'}`,
    ...(corrections ? [`- Corrections: \`${corrections.name}\`. ${corrections.help}`] : []),
  ];
  return `### \`${name}\`\n\n${help}\n\n${facts.join('\n')}\n`;
}
