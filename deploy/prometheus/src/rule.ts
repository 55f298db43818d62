/** A series that Prometheus computes and stores. */
export interface Recording {
  /** `level:metric:operations`: https://prometheus.io/docs/practices/rules/ */
  readonly record: string;
  readonly expr: string;
}

export const SEVERITIES = ['critical', 'warning', 'info'] as const;

/** A condition that notifies. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long the condition must be true before the alert fires; at once if absent. */
  readonly for?: string;
  /** How long the alert keeps firing after the condition ends, to avoid flapping. */
  readonly keepFiringFor?: string;
  /** `critical` pages, `warning` opens a ticket, `info` goes into the daily digest; `varies`: the expression has the label. */
  readonly severity: (typeof SEVERITIES)[number] | 'varies';
  /** A summary rather than a problem: fires once per week or month. */
  readonly report?: 'weekly' | 'monthly';
  /** One line, as a notification shows it. */
  readonly summary: string;
  /** What happened, with dollars, and how old the data may be. */
  readonly description: string;
}

export type Rule = Recording | Alert;

/** Rules that are evaluated in sequence; one file per group. */
export interface Group {
  readonly name: string;
  /** The comment at the top of the file. */
  readonly about: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

export function isAlert(rule: Rule): rule is Alert {
  return 'alert' in rule;
}
