import { labelNameProblem } from '../config/history/labels.ts';
import { SECOND } from '../core/values/time.ts';
import { DEFAULT_GIVE_UP_AFTER_MS, type WriteReceiver } from '../push/remote-write/receiver.ts';
import type { SeriesLabels } from '../push/remote-write/sample.ts';
import { UsageError } from '../runtime/usage-error.ts';

/** @throws {UsageError} unless the value of `--remote-write` is a URL without a password. */
export function receiverUrlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return refuse('--remote-write must be a URL such as http://localhost:9090/api/v1/write');
  if (url.username !== '' || url.password !== '')
    refuse(
      '--remote-write must not contain a password: set history.remoteWrite.basicAuth in the configuration',
    );
  return url;
}

/** A receiver that needs no credentials. */
export function openReceiver({ href }: URL): WriteReceiver {
  return {
    url: href,
    headers: () => ({}),
    tls: {},
    timeoutMs: 30 * SECOND,
    giveUpAfterMs: DEFAULT_GIVE_UP_AFTER_MS,
  };
}

/** @throws {UsageError} if a value of `--label` cannot be added to every series. */
export function seriesLabelsOf(texts: readonly string[] = []): SeriesLabels {
  const labels = texts.map(labelOf);
  const twice = labels.find(([name], index) => labels.some(([each], at) => each === name && at < index));
  if (twice) refuse(`--label ${twice[0]} is given twice: keep one`);
  return labels;
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

/** @throws {UsageError} always. */
export function refuse(message: string): never {
  throw new UsageError(message);
}
