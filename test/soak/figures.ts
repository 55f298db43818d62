import { DAY } from '../../src/core/values/time.ts';
import { bounded, type Figure, info } from '../bench/figure.ts';
import type { Measured, SoakResult } from './run.ts';

const MB = 1e6;

/** The figures of a run, and the growth of its resource use. */
export function figuresOf(result: SoakResult): Figure[] {
  const { measured, failures } = result;
  const later = measured.slice(Math.floor(measured.length / 3));
  const span = ((later.at(-1)?.at ?? 0) - (later[0]?.at ?? 0)) / DAY;
  const failed = [...failures].sort().map(([reason, count]) => `${reason} ${count}`);
  const grown = (of: (one: Measured) => number) => slopeOf(later, of) * span;
  const most = (of: (one: Measured) => number) => Math.max(...later.map(of));
  const note = `over the last ${span.toFixed(0)} days of one process`;
  return [
    info('days lived', `${result.days.toFixed(1)}`),
    info('polls of all feeds', `${result.polls}, ${result.requests} requests`),
    info('feeds that failed', failed.join(', ')),
    info('killed with -9; closed and opened again', `${result.kills}; ${result.restarts}`),
    info('pushes refused or not answered', `${result.refusedPushes}`),
    info('pages on which no counter had fallen', `${result.pages}`),
    info('counters that are exactly what the books grew by', `${result.counters}`),
    info('counters that are exactly the sum of what was pushed', `${result.counters}`),
    bounded('growth of the heap', grown(({ heap }) => heap) / MB, {
      atMost: 2,
      unit: ' MB',
      note: `${note}; at most ${(most(({ heap }) => heap) / MB).toFixed(0)} MB`,
    }),
    bounded(
      'growth of open files and sockets',
      grown(({ handles }) => handles),
      {
        atMost: 2,
        unit: '',
        note: `at most ${most(({ handles }) => handles)}`,
      },
    ),
    bounded('growth of the ledger', grown(({ ledger }) => ledger) / MB, {
      atMost: 1,
      unit: ' MB',
      note: `at most ${(most(({ ledger }) => ledger) / MB).toFixed(1)} MB`,
    }),
    bounded("largest of the ledger's write-ahead log", most(({ wal }) => wal) / MB, {
      atMost: 16,
      unit: ' MB',
    }),
    info('largest resident memory', `${(most(({ rss }) => rss) / MB).toFixed(0)} MB`),
  ];
}

/** The slope per day, by least squares. */
export function slopeOf(measured: readonly Measured[], of: (one: Measured) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const days = measured.map(({ at }) => at / DAY);
  const [day, value] = [mean(days), mean(measured.map(of))];
  const up = measured.reduce((sum, one, index) => sum + ((days[index] ?? 0) - day) * (of(one) - value), 0);
  const across = days.reduce((sum, one) => sum + (one - day) ** 2, 0);
  return across === 0 ? 0 : up / across;
}
