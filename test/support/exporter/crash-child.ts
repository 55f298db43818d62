import { DAY, HOUR } from '../../../src/core/values/time.ts';
import { cost, openBench, settings, statement, utc } from '../ledger/ledger.ts';

/** Commits to the ledger named by the first argument until it is killed, and prints the counter after each commit. */
const path = process.argv[2] ?? '';
const at = utc('2026-11-20');
const bench = openBench(settings(), { path, isCached: false });
const asOf = Math.max(
  at,
  ...bench.state.streams
    .keys()
    .map((id) => Math.max(...bench.state.readings(id, 'hour', 'current').map((run) => run.asOf))),
);
for (let turn = 1; ; turn += 1) {
  const lines = Array.from({ length: 24 * 20 }, (_, index) =>
    cost(at + Math.floor(index / 20) * HOUR, `resource-${index % 20}`, asOf - at + turn),
  );
  bench.apply(statement('hour', { start: at, end: at + DAY }, asOf + turn, lines));
  const [row] = bench.state.series.values();
  process.stdout.write(`${asOf + turn - at} ${row?.total} ${row?.corrections}\n`);
}
