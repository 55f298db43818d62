import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../support/exporter/child.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import {
  type Fired,
  firedAlerts,
  openRecorder,
  type Recorder,
  ruleTest,
  type Window,
} from '../support/programs/recorder.ts';
import { INCIDENTS, type Incident } from '../support/providers/incidents.ts';
import { type Simulation, startSimulation } from '../support/providers/simulation.ts';

/** A Monday; the month that follows holds the end of one, and Europe's end of summer time. */
const START = Date.UTC(2026, 9, 12);
const QUIET_HOURS = 31 * 24;
/** An alert goes on for a while, and some need a day to be sure. */
const AFTERMATH_HOURS = 30;

/** A report, which is no problem. No monthly one: promtool's clock is in January 1970. */
const EXPECTED = 'AiBillingWeeklySummary';

const RULES = join(import.meta.dirname, '../../deploy/prometheus/rules');

realServerTest(
  'alerting: no alert fires in a quiet month; every incident alerts',
  ['promtool'],
  async (context, pathOf) => {
    const recorder = openRecorder(START);
    const simulation = await startSimulation({ after: (end) => context.after(end) }, START);
    await liveQuietly(simulation, recorder);
    await liveThrough(simulation, recorder, INCIDENTS);

    const quiet: Window = { name: 'the quiet month', start: 0, end: QUIET_HOURS };
    const windows = [quiet, ...INCIDENTS.map(windowOf)];
    const fired = await judged(context, pathOf('promtool'), recorder, windows);
    for (const incident of INCIDENTS) context.diagnostic(lineOf(incident, fired));
    const pages = fired.filter(({ window, severity }) => window !== quiet.name && severity === 'critical');
    context.diagnostic(
      `${INCIDENTS.length} incidents, ${fired.length} alerts, ${pages.length} of them pages`,
    );

    const calm = fired.filter(({ window }) => window === quiet.name);
    assert.deepEqual([...new Set(calm.map(({ alert }) => alert))], [EXPECTED], 'a quiet month');
    const untold = INCIDENTS.filter((incident) => tellersOf(incident, fired).length === 0);
    assert.deepEqual(
      untold.map(({ name }) => name),
      [],
      'every incident alerts',
    );
  },
  1_500_000,
);

/** With a restart on the tenth day, and one in the last hour of the month. */
async function liveQuietly(simulation: Simulation, recorder: Recorder): Promise<void> {
  const restarts = [9 * 24 + 10, 19 * 24 + 23];
  for (let hour = 0; hour < QUIET_HOURS; hour++) {
    if (restarts.includes(hour)) await simulation.exporter.restart();
    await simulation.hour();
    recorder.scraped(...(await simulation.exporter.pages()));
  }
}

async function liveThrough(
  simulation: Simulation,
  recorder: Recorder,
  incidents: readonly Incident[],
): Promise<void> {
  const last = Math.max(...incidents.map(({ at, hours }) => at + hours));
  for (let hour = 0; hour < last + AFTERMATH_HOURS; hour++) {
    for (const incident of incidents) {
      if (incident.at === hour) incident.begin(simulation);
      if (incident.at + incident.hours === hour) incident.end(simulation);
    }
    const isGone = incidents.some(({ isGone, at, hours }) => isGone && hour >= at && hour < at + hours);
    await simulation.hour();
    if (isGone) recorder.missed();
    else recorder.scraped(...(await simulation.exporter.pages()));
  }
}

function windowOf({ name, at, hours }: Incident): Window {
  const start = QUIET_HOURS + at;
  return { name, start, end: start + hours + AFTERMATH_HOURS };
}

async function judged(
  context: TestContext,
  promtool: string,
  recorder: Recorder,
  windows: readonly Window[],
): Promise<Fired[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pages-'));
  context.after(() => rm(folder, { recursive: true }));
  const rules = (await readdir(RULES)).map((name) => join(RULES, name));
  const file = join(folder, 'life.yml');
  await writeFile(file, ruleTest(recorder, rules, windows));
  const { code, output } = await run(promtool, ['test', 'rules', file], { timeoutMs: 900_000 });
  const fired = firedAlerts(output, windows);
  assert.equal(code, fired.length > 0 ? 1 : 0, output.slice(0, 2000));
  return fired;
}

function tellersOf({ name, tells }: Incident, fired: readonly Fired[]): Fired[] {
  return fired.filter(({ window, alert }) => window === name && tells.includes(alert));
}

/** `Venice is out: AiBillingFeedDown after 1.2 h; also AiBillingDataStale`. */
function lineOf(incident: Incident, fired: readonly Fired[]): string {
  const alerts = [...Map.groupBy(tellersOf(incident, fired), ({ alert }) => alert)].map(([alert, all]) => {
    const hours = Math.min(...all.map((one) => one.hours));
    return `${alert} after ${hours.toFixed(1)} h`;
  });
  const others = fired
    .filter(({ window, alert }) => window === incident.name && !incident.tells.includes(alert))
    .map(({ alert, labels }) => `${alert}(${labels.provider ?? labels.budget ?? ''})`);
  const also = others.length > 0 ? `; also ${[...new Set(others)].join(', ')}` : '';
  return `${incident.name}: ${alerts.join(', ') || 'NOT ALERTED'}${also}`;
}
