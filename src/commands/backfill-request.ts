import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BackfillQuestion } from '../backfill/question.ts';
import type { Config } from '../config/config.ts';
import { type Instant, isoDay, startOfDay } from '../core/values/time.ts';
import type { SeriesLabels } from '../push/remote-write/sample.ts';
import { parseInstant } from '../server/api/parameters.ts';
import type { BackfillOptions } from './io.ts';
import { receiverUrlOf, refuse, seriesLabelsOf } from './remote-write-options.ts';

export type BackfillOutput =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'remote'; readonly url: URL };

/** A backfill, as it was asked for. */
export interface BackfillRequest {
  readonly from: Instant;
  readonly to: Instant | 'baseline';
  readonly output: BackfillOutput;
  /** Labels of every series, beside its own. */
  readonly labels: SeriesLabels;
  readonly workingDirectory: string;
  readonly question: BackfillQuestion;
}

/** @throws {UsageError} if the options make no sense; the message says how to mend them. */
export function parseBackfill(options: BackfillOptions, config: Config, now: Instant): BackfillRequest {
  const from = dateOf('--from', options.from);
  const to = options.to === 'baseline' ? options.to : dateOf('--to', options.to);
  const end = to === 'baseline' ? startOfDay(now) : to;
  if (end > now) refuse(`--to lies in the future: the last day that has ended allows ${isoDay(now)}`);
  if (from >= end) refuse(`--from must lie before ${to === 'baseline' ? 'today' : '--to'}`);
  const output = outputOf(options);
  const labels = seriesLabelsOf(options.label);
  const question = {
    ...{ from: options.from, to: options.to, end, output: textOf(output) },
    labels: labels.map((label) => label.join('=')).sort(),
    accounts: config.accounts.map(({ provider, name }) => `${provider.id}/${name}`).sort(),
  };
  return { from, to, output, labels, workingDirectory: workingDirectoryOf(output, config), question };
}

function dateOf(option: string, text: string): Instant {
  const at = text.length === 10 ? parseInstant(text) : undefined;
  return at ?? refuse(`${option} must be a UTC date from 1970 on, such as 2026-11-01`);
}

function outputOf({ output, remoteWrite }: BackfillOptions): BackfillOutput {
  if (remoteWrite !== undefined) return { kind: 'remote', url: receiverUrlOf(remoteWrite) };
  if (output === undefined || output === '')
    return refuse('specify where to write: --output FILE, --output FOLDER/ or --remote-write URL');
  const isFolder = output.endsWith('/') || (existsSync(output) && statSync(output).isDirectory());
  return isFolder ? { kind: 'folder', folder: output } : { kind: 'file', file: output };
}

function textOf(output: BackfillOutput): string {
  if (output.kind === 'remote') return output.url.href;
  return output.kind === 'file' ? output.file : output.folder;
}

function workingDirectoryOf(output: BackfillOutput, { state }: Config): string {
  if (output.kind === 'folder') return join(output.folder, '.backfill');
  const file = output.kind === 'file' && output.file !== '-' ? output.file : state.path;
  return `${file}.backfill`;
}
