/** A series that Prometheus works out and keeps. */
export interface Recording {
  /** `level:metric:operations`: https://prometheus.io/docs/practices/rules/ */
  readonly record: string;
  readonly expr: string;
}

export const SEVERITIES = ['critical', 'warning', 'info'] as const;

/** Somebody is told. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold before it fires; absent: at once. */
  readonly for?: string;
  /** How long it goes on after it no longer holds, where it would flap. */
  readonly keepFiringFor?: string;
  /** `critical` pages, `warning` makes a ticket, `info` is read some time. */
  readonly severity: (typeof SEVERITIES)[number];
  /** One line, as a page shows it. */
  readonly summary: string;
  /** What it is about, with the dollars in it, and how fresh the data can be. */
  readonly description: string;
}

export type Rule = Recording | Alert;

/** Rules that are evaluated one after the other. A file each. */
export interface Group {
  readonly name: string;
  /** Of what the file holds, for whoever opens it. */
  readonly about: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

export function isAlert(rule: Rule): rule is Alert {
  return 'alert' in rule;
}
