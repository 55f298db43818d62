import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openOtelPage, openPushes } from '../../src/app/opentelemetry.ts';
import { NO_OPEN_TELEMETRY } from '../../src/config/otel/open-telemetry.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createServer } from '../../src/server/server.ts';
import { createPrometheusPage } from '../../src/sinks/prometheus/page.ts';
import { createSelfMetrics } from '../../src/sinks/prometheus/self.ts';
import { everyFamilyOf, fillSelf } from '../support/exposition/catalogue.ts';
import { type Receivers, type Shown, startParityCheck, startReceivers } from '../support/otlp/otlp-parity.ts';
import { realServerTest } from '../support/programs/binaries.ts';

const NOW = Date.UTC(2026, 2, 22, 9, 30, 13, 250);

/** Ten of each family, and as many as large accounts have. */
for (const series of [500, 50_000]) {
  realServerTest(
    `OTLP: ${series} series over every family, with any label and value, arrive as scraped`,
    ['prometheus', 'victoria-metrics'],
    async (context) => {
      const receivers = await startReceivers(context);
      const clock = { now: NOW };
      const shown = await startShowing(context, series, receivers, () => clock.now);
      const compare = await startParityCheck(context, shown, receivers, 1000);
      clock.now += 60_000;
      const names = await compare(clock.now, `${series} series`);
      assert.deepEqual(shown.logged, []);
      assert.ok(names.length > 80, `${names.length} names`);
    },
  );
}

/** A snapshot in the ledger's place; everything behind it is the exporter's own. */
async function startShowing(
  context: TestContext,
  series: number,
  { receivers }: Receivers,
  now: () => number,
): Promise<Shown & { readonly logged: readonly string[] }> {
  const logged: string[] = [];
  const source = everyFamilyOf(series, NOW);
  const self = createSelfMetrics({ version: '0', revision: 'test', failureReasons: ['network'] });
  fillSelf(self, NOW);
  // A scrape brings up to date a few accounts only.
  await self.text();
  const failed = (error: unknown) => assert.fail(String(error));
  const page = createPrometheusPage(source, self, failed);
  const options = { ...NO_OPEN_TELEMETRY, prometheus: true, receivers };
  const about = { version: '0', now, log: createLog({ write: (line) => logged.push(line) }) };
  const sources = {
    publisher: source,
    self,
    ledger: { deliveries: () => assert.fail('deltas were requested') },
  };
  const otelPage = await openOtelPage(options, sources, about);
  const pushes = await openPushes(options, sources, about);
  const unasked = () => assert.fail('an unexpected request');
  const server = createServer({
    metrics: page,
    otelMetrics: otelPage,
    ready: () => ({ ready: true, reason: 'ready' }),
    status: unasked,
    overview: unasked,
    costs: unasked,
    series: unasked,
    resources: unasked,
    focus: unasked,
    now,
    onError: failed,
  });
  context.after(async () => {
    await server.close();
    page.close();
    otelPage?.close();
    await pushes?.stop();
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return { url, logged, push: async () => pushes?.flush() };
}
