/** Variables of a dashboard in addition to the data source, `job` and `instance`; each is named after its label. */
export type Variable = 'provider' | 'account' | 'model' | 'resource' | 'budget';

/** Grafana units in use. */
export type Unit =
  | 'currency:financial:$'
  | 'currencyUSD'
  | 'percentunit'
  | 'locale'
  | 'short'
  | 'none'
  | 'bytes'
  | 's'
  | 'dateTimeFromNow';

/** Dollars to the cent, with thousands separators. */
export const USD: Unit = 'currency:financial:$';
/** Prices per unit, with as many digits as they need. */
export const PRICE: Unit = 'currencyUSD';

/** One expression of a panel. */
export interface Query {
  readonly expr: string;
  /** Legend of its series, with `{{label}}`. */
  readonly legend?: string;
  /** Column title in a table. */
  readonly column?: string;
  /** The unit of its column or value, if it differs from the panel's. */
  readonly unit?: Unit;
  readonly decimals?: number;
  /** The color of its value, regardless of thresholds. */
  readonly color?: Color;
  /** Thresholds of its column. */
  readonly steps?: readonly Step[];
  /** Text instead of the values of its column. */
  readonly states?: Names;
}

type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';

/** What is shown instead of a number, and its color. */
export type Names = Readonly<Record<string, readonly [text: string, color: Color]>>;

/** A threshold, and the colour from there on. */
export type Step = readonly [from: number | null, color: Color];

interface Common {
  /** Must not change once released: alerts and bookmarks refer to it. */
  readonly id: number;
  readonly title: string;
  /** Description: what the panel shows, and how old the data may be. */
  readonly about: string;
  readonly unit: Unit;
  /** In columns of the 24-column grid. */
  readonly width: number;
  /** In grid units; by default as its kind usually is. */
  readonly height?: number;
  readonly queries: readonly Query[];
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  /** Shown if there is no data: why, and until when. */
  readonly empty: string;
  /** Text instead of values. */
  readonly states?: Names;
  /** Draws the panel once for each value of the variable. */
  readonly repeat?: Variable;
  /** Its own time range, such as `1y`. */
  readonly back?: string;
}

/** Current values; `names` shows the series names instead. */
export interface Stat extends Common {
  readonly kind: 'stat' | 'gauge';
  readonly names?: boolean;
  /** The color of values whose name matches a regular expression. */
  readonly colored?: { readonly name: string; readonly color: Color };
  /** Where a full bar is; by default at the highest value. */
  readonly max?: number;
}

/** Values over time. */
export interface Series extends Common {
  readonly kind: 'lines' | 'stack';
}

/** Stacked bars, each of which stands on the bucket that begins where it is evaluated. */
export interface Bars extends Common {
  readonly kind: 'bars';
  readonly every: '1h' | '1d';
}

/** States over time. */
export interface Timeline extends Common {
  readonly kind: 'timeline';
  readonly states: Names;
}

/** Current rows. The label columns come first, in order, then the query columns. */
export interface Table extends Common {
  readonly kind: 'table';
  readonly labels: readonly string[];
  /** The column to sort by, highest first. */
  readonly sortBy: string;
}

export type Panel = Stat | Series | Bars | Timeline | Table;

/** A heading with its panels, which flow from left to right and wrap. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** For what most do not need: closed until the heading is clicked. */
  readonly isCollapsed?: true;
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
