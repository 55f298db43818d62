import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { Board, Panel, Row } from './board.ts';
import { DATASOURCE, type Place, panelAt } from './panels.ts';
import { variablesOf } from './variables.ts';

const GRID_WIDTH = 24;
/** In grid units of 30 pixels plus a gap. */
const HEIGHT = 9;
const HEIGHT_OF_STAT = 4;

/** The tag that links the dashboards. */
export const TAG = 'ai-billing';

/** A dashboard in Grafana's format. Deterministic. */
export function dashboardOf(board: Board): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.about)
    .tags([TAG])
    .readonly()
    .timezone('utc')
    .time({ from: `now-${board.back}`, to: 'now' })
    .refresh('1m')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(others())
    .annotation(alerts());
  for (const variable of variablesOf(board)) builder.withVariable(variable);
  let y = 0;
  for (const [index, row] of board.rows.entries()) y = place(builder, row, { y, index });
  return builder.build();
}

/** Links to the other dashboards, with the current variables and time range. */
function others(): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder('AI billing')
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

/** Firing alerts of the shipped rules. */
function alerts(): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name('Alerts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('red')
    .expr('ALERTS{alertname=~"AiBilling.+", alertstate="firing"}')
    .titleFormat('{{alertname}}')
    .textFormat('{{provider}} {{account}} {{feed}} {{budget}}');
}

interface At {
  readonly y: number;
  readonly index: number;
}

/** Row ids, separate from panel ids. */
const ROW_IDS = 1000;

/** Places a row and its panels on the grid and returns the next free line. */
function place(builder: dashboard.DashboardBuilder, row: Row, { y, index }: At): number {
  const heading = new dashboard.RowBuilder(row.title).id(ROW_IDS + index);
  const { panels, below } = arranged(row.panels, y + 1);
  heading.gridPos({ x: 0, y, w: GRID_WIDTH, h: 1 });
  if (row.isCollapsed) for (const panel of panels) heading.withPanel(panel);
  builder.withRow(row.isCollapsed ? heading.collapsed(true) : heading);
  if (row.isCollapsed) return y + 1;
  for (const panel of panels) builder.withPanel(panel);
  return below;
}

/** Panels from left to right, in lines as high as their highest panel, and the next free line. */
function arranged(panels: readonly Panel[], top: number) {
  const at = { x: 0, y: top, below: top };
  const placed = panels.map((panel) => {
    if (at.x + panel.width > GRID_WIDTH) Object.assign(at, { x: 0, y: at.below });
    const spot: Place = { x: at.x, y: at.y, w: panel.width, h: heightOf(panel) };
    at.x += panel.width;
    at.below = Math.max(at.below, spot.y + spot.h);
    return panelAt(panel, spot);
  });
  return { panels: placed, below: at.below };
}

function heightOf(panel: Panel): number {
  return panel.height ?? (panel.kind === 'stat' ? HEIGHT_OF_STAT : HEIGHT);
}
