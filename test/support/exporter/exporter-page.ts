import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { type Exposition, parseExposition } from '../exposition/exposition.ts';
import { type Exporter, PATIENCE_MS } from './process.ts';

/** The metrics of a running exporter. */
export async function fetchPage({ url }: Pick<Exporter, 'url'>): Promise<Exposition> {
  const response = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain;version=0.0.4' } });
  return parseExposition(await response.text(), 'text');
}

/** Waits for a page that satisfies the condition. */
export async function waitForPage(
  exporter: Exporter,
  holds: (page: Exposition) => boolean,
  timeoutMs = PATIENCE_MS,
): Promise<Exposition> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const page = await fetchPage(exporter);
    if (holds(page)) return page;
    assert.ok(performance.now() < deadline, `not shown in time:\n${exporter.err()}`);
    await wait(50);
  }
}
