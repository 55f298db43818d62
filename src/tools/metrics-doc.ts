import { writeFile } from 'node:fs/promises';
import { METRICS, type Metric } from '../core/metrics/catalog.ts';

const INTRODUCTION = `# Metrics

<!-- Generated from src/core/metrics/catalog.ts by \`npm run docs\`. -->

Names, types and labels are public API: adding is free, renaming is a deprecation.

A label that does not apply is \`""\`.
A ledger counter never decreases: what a later statement takes back is counted by its corrections twin, and the net is the counter less its twin.
Both are exposed together, starting at 0.

    increase(ai_billing_cost_usd_total[1h]) - increase(ai_billing_cost_corrections_usd_total[1h])

Every family is exposed as Prometheus text 0.0.4 and as OpenMetrics 1.0.0, where the families of counters are named without \`_total\`.
No sample has a timestamp.
The exporter's own families are read during the scrape, those of the process at most 250 ms earlier; all others are as of the last poll.
`;

const SECTIONS: readonly { source: Metric['source']; title: string; text: string }[] = [
  {
    source: 'ledger',
    title: 'From the ledger',
    text: 'What was billed, after every revision so far.',
  },
  {
    source: 'feed',
    title: "From the provider's own figures",
    text: 'Shown as the provider reports them, independent of the ledger.',
  },
  {
    source: 'exporter',
    title: 'About the exporter',
    text: "The runtime's process metrics (`process_*`, `nodejs_*`) are exposed as well.",
  },
];

/** `docs/metrics.md`, generated from the catalogue. */
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
    `- May be summed over its labels: ${summable ? 'yes' : 'no'}`,
    ...(corrections ? [`- Corrections twin: \`${corrections.name}\`. ${corrections.help}`] : []),
  ];
  return `### \`${name}\`\n\n${help}\n\n${facts.join('\n')}\n`;
}

if (import.meta.main) await writeFile(new URL('../../docs/metrics.md', import.meta.url), metricsPage());
