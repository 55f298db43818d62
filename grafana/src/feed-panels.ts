import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import { LIVE } from './freshness.ts';
import type { Queries } from './promql.ts';

const FEED = '{{provider}} {{account}} {{feed}}';

/** Which feeds work. */
export function feedStates({ of }: Queries, id: number): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Feeds',
    about: `Whether the last poll of each feed succeeded. A feed that is switched off, or was not tried yet, is not there. ${LIVE}`,
    unit: 'none',
    width: 12,
    queries: [{ expr: `min by (provider, account, feed) (${of(METRICS.up)})`, legend: FEED }],
    states: { '0': ['failing', 'red'], '1': ['works', 'green'] },
  };
}

/** How far behind what was read is. */
export function dataAge({ latest }: Queries, id: number): Panel {
  return {
    id,
    kind: 'gauge',
    title: 'Age of the data by feed',
    about: `Time since the end of what was read without a hole. Feeds of closed hours or days are that much behind at best, and those of history lag on purpose. ${LIVE}`,
    unit: 's',
    width: 12,
    queries: [{ expr: `time() - ${latest(METRICS.dataThrough)}`, legend: FEED }],
    steps: [[null, 'blue']],
  };
}
