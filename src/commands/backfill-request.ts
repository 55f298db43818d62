import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BackfillQuestion, BackfillRefusal } from '../backfill/question.ts';
import type { Config } from '../config/config.ts';
import { labelNameProblem } from '../config/history/labels.ts';
import { type Instant, isoDay, startOfDay } from '../core/values/time.ts';
import type { SeriesLabels } from '../push/remote-write/sample.ts';
import { parseInstant } from '../server/api/parameters.ts';
import type { BackfillOptions } from './io.ts';

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

/** @throws {BackfillRefusal} if the options make no sense; the message says how to mend them. */
export function parseBackfill(options: BackfillOptions, config: Config, now: Instant): BackfillRequest {
  const from = dateOf('--from', options.from);
  const to = options.to === 'baseline' ? options.to : dateOf('--to', options.to);
  const end = to === 'baseline' ? startOfDay(now) : to;
  if (end > now) refuse(`--to lies in the future: the last day that has ended allows ${isoDay(now)}`);
  if (from >= end) refuse(`--from must lie before ${to === 'baseline' ? 'today' : '--to'}`);
  const output = outputOf(options);
  const labels = (options.label ?? []).map(labelOf);
  const twice = labels.find(([name], index) => labels.some(([each], at) => each === name && at < index));
  if (twice) refuse(`--label ${twice[0]} is given twice: keep one`);
  const question = {
    ...{ from: options.from, to: options.to, end, output: textOf(output) },
    labels: labels.map((label) => label.join('=')).sort(),
    accounts: config.accounts.map(({ provider, name }) => `${provider.id}/${name}`).sort(),
  };
  return { from, to, output, labels, workingDirectory: workingDirectoryOf(output, config), question };
}

function refuse(message: string): never {
  throw new BackfillRefusal(message);
}

function dateOf(option: string, text: string): Instant {
  const at = text.length === 10 ? parseInstant(text) : undefined;
  return at ?? refuse(`${option} must be a UTC date from 1970 on, such as 2026-11-01`);
}

function outputOf({ output, remoteWrite }: BackfillOptions): BackfillOutput {
  if (remoteWrite !== undefined) return { kind: 'remote', url: urlOf(remoteWrite) };
  if (output === undefined || output === '')
    return refuse('specify where to write: --output FILE, --output FOLDER/ or --remote-write URL');
  const isFolder = output.endsWith('/') || (existsSync(output) && statSync(output).isDirectory());
  return isFolder ? { kind: 'folder', folder: output } : { kind: 'file', file: output };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return refuse('--remote-write must be a URL such as http://localhost:9090/api/v1/write');
  if (url.username !== '' || url.password !== '')
    refuse(
      '--remote-write must not contain a password: set history.remoteWrite.basicAuth in the configuration',
    );
  return url;
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

function labelOf(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const problem = labelNameProblem(name);
  if (problem === 'no label name')
    return refuse(
      `--label ${JSON.stringify(text)} must be NAME=VALUE, with a name of letters, digits and underscores such as job; names with __ are reserved`,
    );
  if (problem === 'own label')
    refuse(`--label ${name} is a label that the exporter sets itself: choose another name`);
  if (value === '') refuse(`--label ${name} needs a value`);
  if (!value.isWellFormed()) refuse(`--label ${name} must be valid Unicode`);
  return [name, value];
}
