import { parser } from '@prometheus-io/lezer-promql';
import { z } from 'zod';

const Source = z.object({ type: z.string(), uid: z.string() });
const Target = z.object({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string().optional(),
  datasource: Source,
});
const GridPos = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const Inner = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().default(''),
  description: z.string().default(''),
  datasource: Source.optional(),
  targets: z.array(Target).default([]),
  gridPos: GridPos,
  interval: z.string().optional(),
  /** A time range of its own. */
  timeFrom: z.string().optional(),
  repeat: z.string().optional(),
  fieldConfig: z
    .object({
      defaults: z.object({
        unit: z.string().optional(),
        decimals: z.number().optional(),
        noValue: z.string().optional(),
        custom: z
          .object({
            drawStyle: z.string().optional(),
            barAlignment: z.number().optional(),
            showPoints: z.string().optional(),
          })
          .optional(),
      }),
    })
    .optional(),
});
/** A collapsed row holds its panels. */
const Panel = Inner.extend({ collapsed: z.boolean().default(false), panels: z.array(Inner).default([]) });
const Variable = z.object({
  name: z.string(),
  type: z.string(),
  label: z.string().optional(),
  query: z.string(),
  datasource: Source.optional(),
  refresh: z.number().optional(),
  multi: z.boolean().default(false),
  includeAll: z.boolean().default(false),
  allValue: z.string().optional(),
});

/** The fields of a dashboard that tests read. */
export const Dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  editable: z.boolean().default(true),
  timezone: z.string(),
  panels: z.array(Panel),
  templating: z.object({ list: z.array(Variable) }),
  links: z.array(
    z.object({
      type: z.string(),
      tags: z.array(z.string()),
      includeVars: z.boolean(),
      keepTime: z.boolean(),
    }),
  ),
  annotations: z.object({ list: z.array(z.object({ expr: z.string().optional() })) }),
});

export type Dashboard = z.infer<typeof Dashboard>;
export type Panel = z.infer<typeof Inner>;
export type Target = z.infer<typeof Target>;

/** Panels without the headings, those of collapsed rows included. */
export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.flatMap((panel) => (panel.type === 'row' ? panel.panels : [panel]));
}

/** Durations that Grafana fills in. */
const DURATIONS: Readonly<Record<string, string>> = {
  __range: '1d',
  __interval: '1d',
  __rate_interval: '5m',
};

/** An expression as Grafana sends it with every variable at All, except for those in `chosen`. */
export function filledIn(
  expr: string,
  { templating }: Dashboard,
  durations: Readonly<Record<string, string>> = DURATIONS,
): string {
  const all = new Map(templating.list.map(({ name, allValue }) => [name, allValue]));
  return expr.replace(/\$([a-z_]\w*)/g, (_match, name: string) => {
    const value = durations[name] ?? all.get(name);
    if (value === undefined) throw new Error(`nothing fills in $${name}: ${expr}`);
    return value;
  });
}

/** A selection of series and the functions that it is an argument of, innermost first. */
export interface Use {
  readonly metric: string;
  readonly matchers: readonly string[];
  readonly functions: readonly string[];
  /** Of itself and of the subqueries around it, such as `-1d`. */
  readonly offsets: readonly string[];
}

/** Every selection in an expression without variables. */
export function usesIn(expr: string): Use[] {
  const uses: Use[] = [];
  parser.parse(expr).iterate({
    enter({ name, from, to, node }) {
      if (name !== 'VectorSelector') return;
      const functions: string[] = [];
      const offsets: string[] = [];
      for (let up = node.parent; up; up = up.parent) {
        const [, offset] = /offset (-?\w+)$/.exec(expr.slice(up.from, up.to)) ?? [];
        if (up.name === 'OffsetExpr' && offset) offsets.push(offset);
        const called = up.name === 'FunctionCall' ? up.getChild('FunctionIdentifier') : undefined;
        if (called) functions.push(expr.slice(called.from, called.to));
      }
      const text = expr.slice(from, to);
      const [metric = ''] = /^\w+/.exec(text) ?? [];
      const matchers = Array.from(text.matchAll(/\w+(?:=~|!=|=)"[^"]*"/g), ([matcher]) => matcher);
      uses.push({ metric, matchers, functions, offsets });
    },
  });
  return uses;
}
