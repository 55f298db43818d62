import { selectionsOf } from '../programs/promql.ts';
import { type Dashboard, filledIn, type Panel, panelsOf, type Target, usesIn } from './dashboards.ts';

/** A rule for dashboards; `spoil` breaks it, so that tests can see the rule fail. */
export interface DashboardRule {
  readonly name: string;
  readonly findings: (dashboard: Dashboard) => readonly string[];
  readonly spoil: (dashboard: Dashboard) => void;
}

/** Units of Grafana: packages/grafana-data/src/valueFormats/categories.ts has them all; these are those that dashboards use here. */
const UNITS = [
  'currency:financial:$',
  'currencyUSD',
  'percentunit',
  'locale',
  'short',
  'none',
  'bytes',
  's',
  'dateTimeFromNow',
];

/**
 * The rules of grafana/dashboard-linter for dashboards with one Prometheus, reimplemented because the program is not available
 * everywhere. Its two LogQL rules do not apply. No dashboard needs an exception, so there is no `.lint` file: rates
 * over fixed windows are written as `increase`, which `target-rate-interval` leaves alone.
 */
const LINTER: readonly DashboardRule[] = [
  {
    name: 'template-datasource: one variable named datasource',
    findings: ({ templating }) => {
      const sources = templating.list.filter(({ type }) => type === 'datasource');
      return sources.length === 1 && sources[0]?.name === 'datasource' && sources[0].label === 'Data source'
        ? []
        : [JSON.stringify(sources)];
    },
    spoil: ({ templating }) => void templating.list.shift(),
  },
  ...(['job', 'instance'] as const).map((name) => ({
    name: `template-${name}: a variable of several values of the chosen data source`,
    findings: (dashboard: Dashboard) => (isTemplate(dashboard, name) ? [] : [name]),
    spoil: ({ templating }: Dashboard) => {
      for (const variable of templating.list) if (variable.name === name) variable.allValue = '.*';
    },
  })),
  {
    name: 'template-label-promql: variables ask for label values of a selection',
    findings: ({ templating }) =>
      templating.list
        .filter(({ type, query }) => type === 'query' && !isLabelQuery(query))
        .map(({ query }) => query),
    spoil: ({ templating }) => {
      for (const variable of templating.list) variable.query = variable.query.replace('(', '(sum(');
    },
  },
  {
    name: 'template-on-time-change-reload: variables follow the time shown',
    findings: ({ templating }) =>
      templating.list
        .filter(({ type, refresh }) => type === 'query' && refresh !== 2)
        .map(({ name }) => name),
    spoil: ({ templating }) => {
      for (const variable of templating.list) variable.refresh = 1;
    },
  },
  {
    name: 'panel-datasource: panels and targets ask the chosen data source',
    findings: ofPanels(({ datasource, targets }) =>
      [datasource, ...targets.map((target) => target.datasource)].every(
        (each) => each?.uid === '$datasource',
      ),
    ),
    spoil: onFirst((panel) => {
      panel.datasource = { type: 'prometheus', uid: 'mine' };
    }),
  },
  {
    name: 'panel-title-description: panels say what they show',
    findings: ofPanels(({ title, description }) => title.length > 2 && description.length > 30),
    spoil: onFirst((panel) => {
      panel.description = '';
    }),
  },
  {
    name: 'panel-units: panels have a unit',
    findings: ofPanels(({ fieldConfig }) => UNITS.includes(fieldConfig?.defaults.unit ?? '')),
    spoil: onFirst((panel) => {
      panel.fieldConfig = { defaults: { unit: 'dollars' } };
    }),
  },
  {
    name: 'panel-no-targets: panels ask for something',
    findings: ofPanels(({ targets }) => targets.length > 0),
    spoil: onFirst((panel) => {
      panel.targets = [];
    }),
  },
  {
    name: 'target-promql: expressions are PromQL',
    findings: ofTargets((expr) => isPromql(expr)),
    spoil: onFirstTarget((target) => {
      target.expr = `${target.expr} by`;
    }),
  },
  {
    name: 'target-rate-interval: rates are over $__rate_interval',
    findings: ofTargets((_filled, { expr }) => !/\bi?rate\([^[]*\[(?!\$__rate_interval\])/.test(expr)),
    spoil: onFirstTarget((target) => {
      target.expr = 'rate(x[5m])';
    }),
  },
  ...(['job', 'instance'] as const).map((name) => ({
    name: `target-${name}: every selection is narrowed by it`,
    findings: ofTargets((_filled, { expr }) =>
      usesIn(expr.replaceAll(/\[\$__\w+/g, '[1d')).every(({ matchers }) =>
        matchers.includes(`${name}=~"$${name}"`),
      ),
    ),
    spoil: onFirstTarget((target) => {
      target.expr = target.expr.replace(`${name}=~"$${name}"`, '');
    }),
  })),
  {
    name: 'target-counter-agg: counters are asked over a window only',
    findings: ofTargets((expr) =>
      usesIn(expr)
        .filter(({ metric }) => isCounter(metric))
        .every(({ functions }) => OVER_A_WINDOW.includes(functions[0] ?? '')),
    ),
    spoil: onFirstTarget((target) => {
      target.expr = 'sum(ai_billing_cost_usd_total)';
    }),
  },
  {
    name: 'uneditable-dashboard: what is provisioned is not edited in place',
    findings: ({ editable }) => (editable ? ['editable'] : []),
    spoil: (dashboard) => {
      dashboard.editable = true;
    },
  },
];

/** `last_over_time` less what was before, or `min_over_time`, is an exact increase. */
const OVER_A_WINDOW = ['rate', 'increase', 'changes', 'last_over_time', 'min_over_time', 'count_over_time'];

/** Into the day or month that a bar stands on, and to the same time of a week or a month ago. */
const LIKE_WITH_LIKE = /^(-\w+|7d|28d|29d|30d|31d)$/;
const OVER_MIDNIGHTS = /^(rate|increase|i?delta|deriv|(sum|avg|min|max|quantile)_over_time)$/;

/** Our own rules. */
const OWN: readonly DashboardRule[] = [
  {
    name: 'ids of panels are unique, and queries of a panel are told apart',
    findings: (dashboard) => {
      const ids = [...dashboard.panels.filter(({ type }) => type === 'row'), ...panelsOf(dashboard)].map(
        ({ id }) => id,
      );
      const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
      const letters = panelsOf(dashboard).filter(
        ({ targets }) => new Set(targets.map(({ refId }) => refId)).size < targets.length,
      );
      return [...twice.map(String), ...letters.map(({ title }) => title)];
    },
    spoil: (dashboard) => {
      const [first, second] = panelsOf(dashboard);
      if (first && second) first.id = second.id;
    },
  },
  {
    name: 'panels stand on the grid and do not overlap',
    findings: ({ panels }) =>
      panels.flatMap((panel, index) => {
        const { x, w } = panel.gridPos;
        const over = panels.slice(index + 1).filter((other) => overlaps(panel.gridPos, other.gridPos));
        return [
          ...(x + w > 24 ? [panel.title] : []),
          ...over.map((other) => `${panel.title}, ${other.title}`),
        ];
      }),
    spoil: onFirst((panel) => {
      panel.gridPos.w += 1;
    }),
  },
  {
    name: 'a gauge that falls at midnight is never set against its own past',
    findings: ofTargets((expr) =>
      usesIn(expr)
        .filter(({ metric }) =>
          /_(today|yesterday|month_to_date|last_month)_usd$|_month_(gross|credits|net)_usd$/.test(metric),
        )
        .every(
          ({ functions, offsets }) =>
            offsets.every((offset) => LIKE_WITH_LIKE.test(offset)) &&
            !functions.some((name) => OVER_MIDNIGHTS.test(name)),
        ),
    ),
    spoil: onFirstTarget((target) => {
      target.expr = 'ai_billing_cost_today_usd - ai_billing_cost_today_usd offset 1d';
    }),
  },
  {
    name: 'a counter of money is read together with its corrections, over the same window',
    findings: ofTargets((expr) => {
      const count = (name: string) => expr.split(`${name}{`).length;
      return count('ai_billing_cost_usd_total') <= count('ai_billing_cost_corrections_usd_total');
    }),
    spoil: onFirstTarget((target) => {
      target.expr = 'increase(ai_billing_cost_usd_total{job=~"$job", instance=~"$instance"}[6h])';
    }),
  },
  {
    name: 'dashboards lead to one another with what was chosen, and show UTC',
    findings: ({ links, tags, timezone }) => [
      ...(timezone === 'utc' ? [] : [timezone]),
      ...(links.some(
        ({ includeVars, keepTime, tags: [tag = ''] }) => includeVars && keepTime && tags.includes(tag),
      )
        ? []
        : ['no link']),
    ],
    spoil: ({ links }) => {
      for (const link of links) link.keepTime = false;
    },
  },
];

export const DASHBOARD_RULES: readonly DashboardRule[] = [...LINTER, ...OWN];

function isTemplate({ templating }: Dashboard, name: string): boolean {
  const variable = templating.list.find((each) => each.name === name);
  if (!variable) return false;
  const { type, multi, includeAll, allValue, label, datasource } = variable;
  const titled = name.charAt(0).toUpperCase() + name.slice(1);
  const asks = type === 'query' && datasource?.uid === '$datasource';
  return asks && multi && includeAll && allValue === '.+' && label === titled;
}

function isLabelQuery(query: string): boolean {
  const [, selection, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
  return label !== undefined && selection !== undefined && isPromql(selection);
}

function isPromql(expr: string): boolean {
  try {
    return selectionsOf(expr).length > 0;
  } catch {
    return false;
  }
}

function isCounter(metric: string): boolean {
  return /_total$|_bucket$|_count$|_sum$/.test(metric);
}

type Rectangle = Panel['gridPos'];

function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function ofPanels(holds: (panel: Panel) => boolean): DashboardRule['findings'] {
  return (dashboard) =>
    panelsOf(dashboard)
      .filter((panel) => !holds(panel))
      .map(({ title }) => title);
}

function ofTargets(holds: (filled: string, target: Target) => boolean): DashboardRule['findings'] {
  return (dashboard) =>
    panelsOf(dashboard).flatMap(({ title, targets }) =>
      targets
        .filter((target) => !holds(filledIn(target.expr, dashboard), target))
        .map(({ refId, expr }) => `${title} ${refId}: ${expr}`),
    );
}

function onFirst(spoil: (panel: Panel) => void): DashboardRule['spoil'] {
  return (dashboard) => {
    const [first] = panelsOf(dashboard);
    if (first) spoil(first);
  };
}

function onFirstTarget(spoil: (target: Target) => void): DashboardRule['spoil'] {
  return onFirst(({ targets: [target] }) => {
    if (target) spoil(target);
  });
}
