import type { Environment } from '../yaml/substitute.ts';

/**
 * The standard environment variables of OpenTelemetry, with a reader per type of value.
 *
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export interface Variables {
  readonly env: Environment;
  /** Reports a variable that is ignored. The message never contains the value, which may be secret. */
  warn(name: string, message: string): void;
}

/** The limit of the runtime's timers, and the largest integer the specification requires. */
const MAX_MS = 2 ** 31 - 1;

/** The text; an empty variable counts as unset. */
export function textOf({ env }: Variables, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** A boolean: only `true`, in any case, is true. */
export function flagOf(variables: Variables, name: string): boolean | undefined {
  const value = textOf(variables, name)?.toLowerCase();
  if (value !== undefined && value !== 'true' && value !== 'false')
    variables.warn(name, 'is neither true nor false: treated as false');
  return value === undefined ? undefined : value === 'true';
}

/** One of the known words, in any case. */
export function wordOf<T extends string>(
  variables: Variables,
  name: string,
  known: readonly T[],
): T | undefined {
  const value = textOf(variables, name)?.toLowerCase();
  const word = known.find((candidate) => candidate === value);
  if (value !== undefined && word === undefined)
    variables.warn(name, `is not ${known.join(' or ')}: ignored`);
  return word;
}

/** A duration, in milliseconds. */
export function durationOf(variables: Variables, name: string, minMs = 1): number | undefined {
  const text = textOf(variables, name);
  if (text === undefined) return undefined;
  const ms = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (ms >= minMs && ms <= MAX_MS) return ms;
  variables.warn(name, `is not a whole number of milliseconds from ${minMs} to ${MAX_MS}: ignored`);
  return undefined;
}

/** A timeout; 0 means none. */
export function timeoutOf(variables: Variables, name: string): number | undefined {
  const ms = durationOf(variables, name, 0);
  return ms === 0 ? MAX_MS : ms;
}

/** A number from 0 to 1. */
export function ratioOf(variables: Variables, name: string): number | undefined {
  const text = textOf(variables, name);
  if (text === undefined) return undefined;
  const ratio = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (ratio <= 1) return ratio;
  variables.warn(name, 'is not a number from 0 to 1: ignored');
  return undefined;
}

/** A header, whose value may contain `=`. */
export const HEADER_PAIR = /^([^=]+)=(.*)$/s;
/** A resource attribute, whose value may not contain `=`: https://opentelemetry.io/docs/specs/otel/resource/sdk/ */
export const ATTRIBUTE_PAIR = /^([^=]+)=([^=]*)$/s;

/** `key1=value1,key2=value2` with `%` encoding; undefined if any pair is malformed. */
export function pairsOf(text: string, form: RegExp): (readonly [name: string, value: string])[] | undefined {
  const written = text.split(',').filter((pair) => pair.trim() !== '');
  const pairs = written.map((pair) => pairOf(form.exec(pair))).filter((pair) => pair !== undefined);
  return pairs.length === written.length ? pairs : undefined;
}

function pairOf(match: RegExpExecArray | null) {
  const [, name = '', value = ''] = match ?? [];
  try {
    const pair = [decodeURIComponent(name.trim()), decodeURIComponent(value.trim())] as const;
    return pair[0] === '' ? undefined : pair;
  } catch {
    return undefined;
  }
}
