import { after, before, describe } from 'node:test';
import { type Browser, openBrowser } from './browser.ts';
import { NO_CHROMIUM } from './chromium.ts';

/** Tests that share one browser. They are skipped where Chromium does not run. */
export function browserSuite(name: string, body: (browser: Browser) => void): void {
  describe(name, { skip: NO_CHROMIUM ?? false }, () => {
    const ends: (() => unknown)[] = [];
    let browser: Browser | undefined;
    before(async () => {
      browser = await openBrowser({ after: (end) => ends.push(end) });
    });
    after(async () => {
      for (const end of ends) await end();
    });
    body({
      open(url, view) {
        if (!browser) throw new Error('the browser has not started');
        return browser.open(url, view);
      },
    });
  });
}
