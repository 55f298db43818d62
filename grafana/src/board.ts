/** Variables of a dashboard in addition to the data source, `job` and `instance`; each is named after its label. */
export type Variable = 'provider' | 'account' | 'model' | 'resource' | 'budget';

/** Grafana units in use. */
export type Unit =
  | 'currencyUSD'
  | 'percentunit'
  | 'short'
  | 'none'
  | 'bytes'
  | 's'
  | 'h'
  | 'd'
  | 'reqps'
  | 'dateTimeFromNow';

/** One expression of a panel. */
export interface Query {
  readonly expr: string;
  /** Legend of its series, with `{{label}}`. */
  readonly legend?: string;
  /** Column title in a table. */
  readonly column?: string;
  /** The unit of its column, if it differs from the panel's. */
  readonly unit?: Unit;
}

/** A threshold, and the colour from there on. */
export type Step = readonly [from: number | null, color: 'green' | 'yellow' | 'orange' | 'red' | 'blue'];

interface Common {
  /** Must not change once released: alerts and bookmarks refer to it. */
  readonly id: number;
  readonly title: string;
  /** Description: what the panel shows, and how old the data may be. */
  readonly about: string;
  readonly unit: Unit;
  /** In columns of the 24-column grid. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  /** Text if there is no data. */
  readonly empty?: string;
}

/** Current values; `names` shows the series names instead. */
export interface Stat extends Common {
  readonly kind: 'stat' | 'gauge';
  readonly names?: boolean;
}

/** Values over time. `every` is the minimum of `$__interval`. */
export interface Series extends Common {
  readonly kind: 'lines' | 'stack' | 'bars';
  readonly every?: string;
}

/** States over time. */
export interface Timeline extends Common {
  readonly kind: 'timeline';
  readonly states: Readonly<Record<string, readonly [text: string, color: string]>>;
}

/** Current rows. The label columns come first, in order, then the query columns. */
export interface Table extends Common {
  readonly kind: 'table';
  readonly labels: readonly string[];
  /** The column to sort by, highest first. */
  readonly sortBy: string;
}

export type Panel = Stat | Series | Timeline | Table;

/** A heading with its panels, which flow from left to right and wrap. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A dashboard. */
export interface Board {
  /** Must not change once released. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly variables: readonly Variable[];
  /** The provider of a single-provider dashboard. */
  readonly provider?: string;
  /** The default time range, such as `7d`. */
  readonly back: string;
  readonly rows: readonly Row[];
}
