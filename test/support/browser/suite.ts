import { after, before, describe } from 'node:test';
import type { Scope } from '../exporter/process.ts';
import { type Browser, openBrowser } from './browser.ts';
import { NO_CHROMIUM } from './chromium.ts';

/** Tests that share one browser. They are skipped where Chromium does not run. */
export function browserSuite(name: string, body: (browser: Browser, scope: Scope) => void): void {
  describe(name, { skip: NO_CHROMIUM ?? false }, () => {
    const ends: (() => unknown)[] = [];
    // Hooks of `before` run before the tests, so what is started there or by tests ends in `after`.
    const scope: Scope = { after: (end) => ends.push(end) };
    let browser: Browser | undefined;
    before(async () => {
      browser = await openBrowser(scope);
    });
    after(async () => {
      for (const end of ends.reverse()) await end();
    });
    const open: Browser['open'] = (url, view) => {
      if (!browser) throw new Error('the browser has not started');
      return browser.open(url, view);
    };
    body({ open }, scope);
  });
}

/** Starts something once, when it is first asked for. */
export function once<Value>(start: () => Promise<Value>): () => Promise<Value> {
  let started: Promise<Value> | undefined;
  return () => {
    started ??= start();
    return started;
  };
}
