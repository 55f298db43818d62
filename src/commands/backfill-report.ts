import type { FeedEstimate } from '../backfill/dry-run.ts';
import type { SampleCounts } from '../backfill/samples.ts';
import type { UnreadRange } from '../backfill/unread.ts';
import { HOUR, MINUTE, SECOND } from '../core/values/time.ts';
import type { RefusedSeries } from '../push/remote-write/refusals.ts';
import { alignColumns, labelText } from './text-table.ts';

/** What a backfill takes, as a table. */
export function estimateText(estimates: readonly FeedEstimate[]): string {
  if (estimates.length === 0) return 'there is nothing to read\n';
  const head = ['provider', 'account', 'feed', 'at least', 'at most', 'takes at least'];
  const rows = estimates.map(({ provider, account, feed, least, most, leastMs }) => [
    ...[provider, labelText('account', account), feed],
    ...[countText(least), most === undefined ? 'unknown' : countText(most), durationText(leastMs)],
  ]);
  const total = estimates.reduce((sum, { least }) => sum + least, 0);
  const mosts = estimates.map(({ most }) => most);
  const most = mosts.reduce(
    (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
    0,
  );
  const sum = ['', '', 'requests', countText(total), most === undefined ? 'unknown' : countText(most)];
  const notes = estimates.flatMap(({ provider, feed, more }) =>
    more === undefined ? [] : [`${provider} ${feed}: more ${more}`],
  );
  const lines = alignColumns([head, ...rows, sum], ['left', 'left', 'left', 'right', 'right', 'right']);
  return `${[...lines, ...new Set(notes)].join('\n')}\n`;
}

function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** `2 h 5 min`; empty for nothing. */
function durationText(ms: number): string {
  if (ms === 0) return '';
  if (ms < MINUTE) return `${Math.ceil(ms / SECOND)} s`;
  const minutes = Math.ceil(ms / MINUTE);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What could not be read, one line a range. */
export function unreadText(unread: readonly UnreadRange[]): string {
  const lines = unread.map(
    ({ provider, account, stream, start, end, why }) =>
      `  ${provider} ${JSON.stringify(account)} ${stream}, ${instantText(start)} to ${instantText(end)}: ${why}`,
  );
  return `${['could not be read:', ...lines].join('\n')}\n`;
}

const MAX_REFUSED = 20;

/** What the receiver refused, the first series only. */
export function refusedText(refused: readonly RefusedSeries[]): string {
  const lines = refused.slice(0, MAX_REFUSED).map(({ labels, reason, samples }) => {
    const [name, ...others] = labels.toSorted(
      ([a], [b]) => Number(b === '__name__') - Number(a === '__name__'),
    );
    const text = others.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',');
    return `  ${name?.[1]}{${text}}, ${countText(samples)} samples: ${reason}`;
  });
  const more = refused.length > MAX_REFUSED ? [`  and ${refused.length - MAX_REFUSED} more series`] : [];
  return `${['refused by the receiver:', ...lines, ...more].join('\n')}\n`;
}

/** One line about everything that was written. */
export function summaryText(
  counts: SampleCounts,
  { written, startedAt }: { readonly written: string; readonly startedAt: number },
): string {
  const { series, samples, span } = counts;
  const seconds = Math.ceil((performance.now() - startedAt) / SECOND);
  const when = span ? `, ${instantText(span.start)} to ${instantText(span.end)}` : '';
  return `${countText(series)} series, ${countText(samples)} samples${when}: ${written} in ${durationText(seconds * SECOND)}\n`;
}

/** `2026-11-01`, or the whole instant if it is not midnight. */
function instantText(at: number): string {
  const iso = new Date(at).toISOString();
  return at % (24 * HOUR) === 0 ? iso.slice(0, 10) : iso.replace('.000Z', 'Z');
}

/** A size such as `12.3 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
