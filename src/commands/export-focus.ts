import { GAP_REASONS, type GapReason } from '../core/focus/gaps.ts';
import { DAY, type Range } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { parseFocusQuery } from '../server/api/focus.ts';
import { type FocusAnswer, focusOfLedger, type GapText } from './focus-ledger.ts';
import { focusOfUrl } from './focus-url.ts';
import { EXIT, type ExportFocusOptions, type Io } from './io.ts';
import { loadAndRedact } from './load-config.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Writes every cost of a range as FOCUS, from the ledger of a configuration or from a running exporter. An export that lacks something
 * is written with all that is known, says what it lacks, and fails.
 *
 * @throws {ConfigError} if the configuration or the options cannot be used.
 * @throws {StoreError} if the ledger cannot be read.
 */
export async function exportFocus(
  options: ExportFocusOptions,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  const { from, to, output, format, url } = options;
  const question = parseFocusQuery(new URLSearchParams({ from, to }));
  if ('error' in question) {
    io.stderr.write(`--${question.error}\n`);
    return EXIT.misused;
  }
  const { range } = question;
  let code: number = EXIT.good;
  const take = async (answer: FocusAnswer) => {
    await writeWhole(output, answer.pieces, io);
    code = tell(answer, range, io);
  };
  if (url === undefined) {
    const config = loadAndRedact(options.config, io, registry);
    await focusOfLedger(config, { range, format }, take);
    return code;
  }
  const refused = await focusOfUrl({ ...options, format }, io, take);
  if (!refused) return code;
  io.stderr.write(`${io.redactor.redact(refused.message)}\n`);
  return refused.kind === 'misused' ? EXIT.misused : EXIT.failed;
}

const REASONS: Readonly<Record<GapReason, string>> = {
  before_since: 'before the first day that is read (since)',
  nothing_read: 'nothing has been read yet',
  not_read_whole: 'not all of it has been read',
  kept_by_month: 'only each month is kept: export whole months',
  no_exchange_rate: 'amounts without an exchange rate are left out: add the currency to currencies',
};

/** Says what the export lacks. */
function tell({ gaps, more }: FocusAnswer, { end }: Range, io: Io): number {
  if (end > Date.now())
    io.stderr.write('the range has not ended: the export holds what has been read so far\n');
  if (gaps.length + more === 0) return EXIT.good;
  const lines = gaps.map(lineOf);
  const rest = more > 0 ? [`  and ${more} more`] : [];
  io.stderr.write(`${['the export is incomplete:', ...lines, ...rest].join('\n')}\n`);
  return EXIT.failed;
}

function lineOf({ provider, account, reason, from, to }: GapText): string {
  const last = new Date(Date.parse(to) - DAY).toISOString().slice(0, 10);
  const known = GAP_REASONS.find((each) => each === reason);
  const days = from === last ? from : `${from} to ${last}`;
  return `  ${provider} ${JSON.stringify(account)}, ${days}: ${known ? REASONS[known] : reason}`;
}
