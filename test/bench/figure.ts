/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** Absent: shown for information. */
  readonly target?: { readonly text: string; readonly met: boolean };
}

/** A figure that is to be at most (or at least) a bound. */
export function bounded(what: string, value: number, bound: Bound): Figure {
  const met = bound.atLeast === undefined ? value <= (bound.atMost ?? 0) : value >= bound.atLeast;
  const text = bound.atLeast === undefined ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  return {
    what,
    measured: `${rounded(value)}${bound.unit}${bound.note ? ` (${bound.note})` : ''}`,
    target: { text: `${text}${bound.unit}`, met },
  };
}

export interface Bound {
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Written behind the number, with its space: ` ms`, ` times`. */
  readonly unit: string;
  /** What the figure was made of. */
  readonly note?: string;
}

/** A figure without a target. */
export function info(what: string, measured: string): Figure {
  return { what, measured };
}

/** Three significant digits, no exponent. */
export function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The figures as a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, measured, target }) => [
    what,
    measured,
    target?.text ?? '',
    target === undefined ? '' : target.met ? 'ok' : '**missed**',
  ]);
  const lines = [['what', 'measured', 'target', ''], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
