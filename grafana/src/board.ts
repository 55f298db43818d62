/** Variables that a dashboard may have beside its data source, `job` and `instance`. Each is named as the label it narrows. */
export type Variable = 'provider' | 'account' | 'model' | 'resource' | 'budget';

/** Units of Grafana that are used here. */
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
  /** How its series are called, with `{{label}}`. */
  readonly legend?: string;
  /** What its column is called, in a table. */
  readonly column?: string;
  /** The unit of its column, where it is not the panel's. */
  readonly unit?: Unit;
}

/** A value, and the colour from there on. */
export type Step = readonly [from: number | null, color: 'green' | 'yellow' | 'orange' | 'red' | 'blue'];

interface Common {
  /** Never changed once released: alerts and bookmarks point at it. */
  readonly id: number;
  readonly title: string;
  /** What it says, and how fresh that can be. */
  readonly about: string;
  readonly unit: Unit;
  /** Of the 24 columns of the grid. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  /** What stands where there is no data. */
  readonly empty?: string;
}

/** Values of now; `names` shows what the series are called in their place. */
export interface Stat extends Common {
  readonly kind: 'stat' | 'gauge';
  readonly names?: boolean;
}

/** Values over time. `every` is the shortest step: what `$__interval` is at least. */
export interface Series extends Common {
  readonly kind: 'lines' | 'stack' | 'bars';
  readonly every?: string;
}

/** States over time, by what the values mean. */
export interface Timeline extends Common {
  readonly kind: 'timeline';
  readonly states: Readonly<Record<string, readonly [text: string, color: string]>>;
}

/** Rows of now; the labels are columns, in that order, before those of the queries. */
export interface Table extends Common {
  readonly kind: 'table';
  readonly labels: readonly string[];
  /** The column that rows are sorted by, highest first. */
  readonly sortBy: string;
}

export type Panel = Stat | Series | Timeline | Table;

/** What stands under one heading. Panels flow from left to right and wrap. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A dashboard. */
export interface Board {
  /** Never changed once released. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly variables: readonly Variable[];
  /** The one provider that it is about. */
  readonly provider?: string;
  /** How far it looks back at first, such as `7d`. */
  readonly back: string;
  readonly rows: readonly Row[];
}
