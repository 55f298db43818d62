import type { Instant } from '../../core/values/time.ts';

/** A value of a query for a message: JSON text, and not much of it. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/** A UTC date from 1970 on, such as `2026-11-01`, or a full hour, such as `2026-11-01T13:00:00Z`; undefined for any other text. */
export function parseInstant(text: string): Instant | undefined {
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:00:00Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  // `Date.parse` takes the 30th of February for the 2nd of March.
  return at >= 0 && new Date(at).toISOString().startsWith(text.replace(/Z$/, '')) ? at : undefined;
}
