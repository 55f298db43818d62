import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import { LIVE } from './freshness.ts';
import type { Queries } from './promql.ts';

const FEED = '{{provider}} {{account}} {{feed}}';

/** The state of each feed. */
export function feedStates({ of }: Queries, id: number): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Feeds',
    about: `Whether the last poll of each feed succeeded. Disabled feeds, and feeds that have not polled yet, are not shown. ${LIVE}`,
    unit: 'none',
    width: 12,
    queries: [{ expr: `min by (provider, account, feed) (${of(METRICS.up)})`, legend: FEED }],
    states: { '0': ['failing', 'red'], '1': ['works', 'green'] },
  };
}

/** The age of the newest data. */
export function dataAge({ latest }: Queries, id: number): Panel {
  return {
    id,
    kind: 'gauge',
    title: 'Data age by feed',
    about: `Time since the end of the continuous data read. Feeds of completed hours or days lag by at least that much, and history feeds lag by design. ${LIVE}`,
    unit: 's',
    width: 12,
    queries: [{ expr: `time() - ${latest(METRICS.dataThrough)}`, legend: FEED }],
    steps: [[null, 'blue']],
  };
}
