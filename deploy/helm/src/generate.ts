import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dashboardFiles } from '../../../grafana/src/generate.ts';
import { ruleFiles } from '../../prometheus/src/generate.ts';
import { valuesSchema } from './values.ts';

/** The folder of the chart. */
export const CHART = join(import.meta.dirname, '../ai-billing-exporter');

/**
 * Generated files of the chart, by path. A chart can read only its own files. Dashboards are minified, to stay far below the maximum
 * size of a Kubernetes object.
 */
export function chartFiles(): Map<string, string> {
  const rules = [...ruleFiles()].map(([name, text]) => [`files/rules/${name}`, text] as const);
  const dashboards = [...dashboardFiles()].map(
    ([name, text]) => [`files/dashboards/${name}`, `${JSON.stringify(JSON.parse(text))}\n`] as const,
  );
  const schema = `${JSON.stringify(valuesSchema(), null, 2)}\n`;
  return new Map([['values.schema.json', schema], ...rules, ...dashboards]);
}

if (import.meta.main) {
  for (const [path, text] of chartFiles()) {
    await mkdir(dirname(join(CHART, path)), { recursive: true });
    await writeFile(join(CHART, path), text);
  }
}
