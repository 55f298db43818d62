import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exporter/child.ts';
import { folderOf, type Scope } from '../exporter/process.ts';

/** An expression of a dashboard over series of one sample per minute, and what it yields. */
export interface Evaluation {
  readonly name: string;
  /** In promtool's form: `series` and `values`. */
  readonly input: readonly object[];
  /** Since the first sample, such as `10m`; 12 hours by default. */
  readonly at?: string;
  readonly expr: string;
  /** In promtool's form: `labels` and `value`. */
  readonly expected: readonly object[];
}

/** Lets promtool evaluate expressions of dashboards: variables stand for everything, the range is six hours that end at noon. */
export async function assertEvaluations(scope: Scope, promtool: string, all: readonly Evaluation[]) {
  const file = join(await folderOf(scope), 'tests.yml');
  const filled = (expr: string) =>
    expr
      .replaceAll(/"\$[a-z]\w*"/g, '".*"')
      .replaceAll('$__range', '6h')
      .replaceAll('@ end()', '@ 43200');
  const tests = all.map(({ name, input, at = '12h', expr, expected }) => ({
    name,
    interval: '1m',
    input_series: input,
    promql_expr_test: [{ expr: filled(expr), eval_time: at, exp_samples: expected }],
  }));
  await writeFile(file, JSON.stringify({ tests })); // JSON is YAML
  const { code, output } = await run(promtool, ['test', 'rules', file]);
  assert.equal(code, 0, output);
}
