import { stringify } from 'yaml';
import { GROUPS } from '../../../deploy/prometheus/src/groups.ts';
import { HOUR, type Instant, MINUTE } from '../../../src/core/values/time.ts';
import { selectionsOf } from './promql.ts';

/** Samples of every five minutes: Prometheus looks back no further. */
const EVERY_MS = 5 * MINUTE;
const STEPS = HOUR / EVERY_MS;

/** What Prometheus would have stored of an exporter, hour by hour, for the metrics that rules query. */
export interface Recorder {
  /** The page on which new series are 0, and the one for the rest of the hour. */
  scraped(first: string, rest: string): void;
  /** The exporter was down for an hour. */
  missed(): void;
  /** Hours so far. */
  hours(): number;
  /** Series for promtool, one step per hour. */
  inputSeries(): { series: string; values: string }[];
}

type Values = (readonly [first: number | undefined, rest: number | undefined])[];

/** @param start promtool's time begins at 0: timestamps are relative to it. */
export function openRecorder(start: Instant): Recorder {
  const wanted = new Set(
    GROUPS.flatMap(({ rules }) => rules.flatMap(({ expr }) => selectionsOf(expr))).map((one) => one.metric),
  );
  const series = new Map<string, Values>();
  let hours = 0;
  const put = (page: string, place: 0 | 1) => {
    for (const line of page.split('\n')) {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (!wanted.has(name)) continue;
      const key = `${name}{${[labels, TARGET].filter((part) => part !== '').join(',')}}`;
      const values = series.get(key) ?? [];
      series.set(key, values);
      const before = values[hours] ?? [undefined, undefined];
      const told = Number(value) - (name.endsWith('_timestamp_seconds') ? start / 1000 : 0);
      values[hours] = place === 0 ? [told, before[1]] : [before[0], told];
    }
  };
  return {
    scraped(first, rest) {
      put(first, 0);
      put(rest, 1);
      hours += 1;
    },
    missed() {
      hours += 1;
    },
    hours: () => hours,
    inputSeries: () => [
      { series: `up{${TARGET}}`, values: upOf(series, hours) },
      ...[...series].map(([text, values]) => ({ series: text, values: notationOf(text, values, hours) })),
    ],
  };
}

/** Parses text 0.0.4 leniently; other tests validate the page. */
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const TARGET = 'job="ai-billing",instance="exporter:9464"';

function upOf(series: ReadonlyMap<string, Values>, hours: number): string {
  const isThere = (hour: number) => [...series.values()].some((values) => values[hour] !== undefined);
  return Array.from({ length: hours }, (_, hour) => `${isThere(hour) ? 1 : 0}x${STEPS - 1}`).join(' ');
}

/**
 * Feeds poll more often than once an hour, and again soon where they fail: timestamps go on between two polls that both told of new data,
 * and counts of polls between two that both counted.
 */
function notationOf(text: string, values: Values, hours: number): string {
  const isMoving = /^ai_billing_(last_success|data_through)_timestamp_seconds/.test(text);
  const isCounting = /^ai_billing_(polls|poll_failures)_total/.test(text);
  const parts: string[] = [];
  for (let hour = 0; hour < hours; hour++) {
    const [first, rest] = values[hour] ?? [undefined, undefined];
    const [, next] = values[hour + 1] ?? [undefined, undefined];
    const [, last] = values[hour - 1] ?? [undefined, undefined];
    if (rest === undefined) parts.push(hour > 0 && values[hour - 1] ? `stale _x${STEPS - 1}` : `_x${STEPS}`);
    else if (isMoving && next !== undefined && next - rest === HOUR / 1000)
      parts.push(`${rest}+${EVERY_MS / 1000}x${STEPS - 1}`);
    else if (isCounting && next !== undefined && rest > (last ?? 0) && next > rest)
      parts.push(`${rest}+${(next - rest) / STEPS}x${STEPS - 1}`);
    else parts.push(`${first ?? rest} ${rest}x${STEPS - 2}`);
  }
  return parts.join(' ');
}

/** A stretch of recorded time to query for alerts. */
export interface Window {
  readonly name: string;
  readonly start: number;
  /** Both in hours since the first. */
  readonly end: number;
}

/** An alert that fired in a window. */
export interface Fired {
  readonly window: string;
  readonly alert: string;
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  /** From the window's start until the alert fired. */
  readonly hours: number;
}

/** The alerts that promtool reports as unexpected, window by window. */
export function firedAlerts(output: string, windows: readonly Window[]): Fired[] {
  return output.split(/^\s+expr: /m).flatMap((block) => {
    const window = windows.find(({ start, end }) => block.startsWith(JSON.stringify(exprOf({ start, end }))));
    if (!window) return [];
    const got = /got: (.*)/.exec(block)?.[1] ?? '';
    return [...got.matchAll(/\{([^}]*)\} (\S+?)(?:,|$)/g)].map(([, text = '', seconds]) => {
      const { alertname = '', severity = '', ...labels } = labelsOf(text);
      return { window: window.name, alert: alertname, severity, labels, hours: Number(seconds) / 3600 };
    });
  });
}

function labelsOf(text: string): Record<string, string> {
  const named = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [
    label,
    value,
  ]);
  const { alertstate: _state, job: _job, instance: _instance, ...labels } = Object.fromEntries(named);
  return labels;
}

/** A promtool test that expects no alert, so that promtool reports all of them. */
export function ruleTest(
  recorder: Recorder,
  ruleFiles: readonly string[],
  windows: readonly Window[],
): string {
  return stringify({
    rule_files: ruleFiles,
    evaluation_interval: '30m',
    // In parallel, alerts would be evaluated on outdated recordings.
    group_eval_order: GROUPS.map(({ name }) => name),
    tests: [
      {
        interval: '5m',
        input_series: recorder.inputSeries(),
        promql_expr_test: windows.map((window) => ({
          expr: exprOf(window),
          eval_time: `${window.end}h`,
          exp_samples: [],
        })),
      },
    ],
  });
}

/** Seconds from the window's start: promtool prints four digits. */
function exprOf({ start, end }: Pick<Window, 'start' | 'end'>): string {
  return `min_over_time(timestamp(ALERTS{alertstate="firing"})[${end - start}h:30m]) - ${start * 3600}`;
}
