import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instant } from '../../../core/values/time.ts';
import { STYLE } from '../../http/style.ts';
import { countOf, dayText, time } from '../format.ts';
import { type Html, html, renderHtml, trusted } from '../html.ts';
import { balancesSection, correctionsSection, unknownSection } from './accounts.ts';
import { attentionSection, remarksOf } from './attention.ts';
import { budgetsSection } from './budgets.ts';
import type { ExplorerData } from './explorer-data.ts';
import { explorerSection } from './explorer-section.ts';
import { feedsSection } from './feeds.ts';
import { SCRIPT_HASH } from './script.ts';
import { spendersSection } from './table.ts';
import { tilesSection } from './tiles.ts';

/** What everything costs, and what needs attention. Yields to the event loop between its parts. */
export async function explorerPage(data: ExplorerData): Promise<string> {
  const { status, accounts, now } = data;
  const chart = explorerSection(data);
  await nextTurn();
  const spenders = spendersSection(data);
  await nextTurn();
  const remarks = remarksOf(data);
  return document(
    status.version,
    html`<main id="main" tabindex="-1">
${summary(now, remarks.length)}
${tilesSection(data)}
<div class="columns">
<div class="wide">
${chart}
${spenders}
</div>
<div class="side">
${attentionSection(remarks)}
${budgetsSection(status.budgets, now)}
${balancesSection(accounts)}
${unknownSection(status, accounts, now)}
${correctionsSection(accounts, now)}
</div>
</div>
${feedsSection(status, accounts, now)}
<p class="quiet small">Up since ${time(Date.parse(status.startedAt), now)}.</p>
</main>`,
  );
}

function summary(now: Instant, remarks: number): Html {
  const iso = new Date(now).toISOString();
  const banner = html`<p class="banner"><a href="#attention">${countOf(remarks, 'thing')} ${remarks === 1 ? 'needs' : 'need'} attention</a></p>`;
  return html`<div class="summary"><p>As of <time datetime="${iso}">${dayText(now, now)}, ${iso.slice(11, 19)}</time>. All times are UTC. <span data-live role="status"></span></p>${remarks > 0 ? banner : null}</div>`;
}

/** A page that says what is wrong with the address. */
export function errorPage(version: string, error: string): string {
  return document(
    version,
    html`<main id="main" tabindex="-1">
<section class="card" id="error">
<h2>This cannot be shown</h2>
<p class="empty" data-error>${error}.</p>
<p class="empty"><a href="?">Back to the costs of the last 30 days</a></p>
</section>
</main>`,
  );
}

function document(version: string, main: Html): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Costs \u2013 ai-billing-exporter</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<style>${trusted(STYLE)}</style>
<script src="explorer.js?v=${SCRIPT_HASH}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the costs</a>
<header class="top">
<h1>ai-billing-exporter <span class="quiet">${version}</span></h1>
<nav aria-label="Other pages">
<a href="metrics">Metrics</a>
<a href="api/v1/status">Status as JSON</a>
<a href="api/v1/costs?window=month_to_date&amp;by=provider,account">Costs as JSON</a>
<a href="-/healthy">Health</a>
<a href="-/ready">Readiness</a>
</nav>
</header>
${main}
</body>
</html>
`;
  return renderHtml(page);
}
