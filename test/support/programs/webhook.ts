import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { serveOnLoopback } from '../exporter/loopback.ts';
import { PATIENCE_MS } from '../exporter/process.ts';

/** What somebody posted. */
export interface Posted {
  readonly path: string;
  /** Parsed from JSON. */
  readonly body: unknown;
}

/** A server that takes everything and remembers it. */
export interface Webhook {
  readonly url: string;
  /** Everything so far, oldest first. */
  posted(): readonly Posted[];
  /** Waits for what `find` makes something of, and gives that. */
  received<Found>(what: string, find: (posted: Posted) => Found | undefined): Promise<Found>;
}

/** Starts a receiver of notifications on a free loopback port; it ends with its test. */
export async function startWebhook(context: TestContext): Promise<Webhook> {
  const all: Posted[] = [];
  const address = await serveOnLoopback(context, async (request, response) => {
    all.push({ path: request.url ?? '', body: JSON.parse(await text(request)) });
    response.end('{}');
  });
  return {
    url: `http://${address}`,
    posted: () => all,
    async received(what, find) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        for (const posted of all) {
          const found = find(posted);
          if (found !== undefined) return found;
        }
        if (performance.now() > deadline)
          throw new Error(
            `nobody posted ${what}:\n${all.map((posted) => JSON.stringify(posted)).join('\n')}`,
          );
        await wait(50);
      }
    },
  };
}
