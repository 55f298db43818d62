import type { Page } from 'puppeteer-core';

/** A link by the selector of what holds it, and its text. */
export type PageLink = readonly [within: string, text: string];

/** Clicks a link as a person does, and waits until the page shows what it leads to. */
export async function follow(page: Page, [within, text]: PageLink): Promise<void> {
  for (const link of await page.$$(`${within} a`)) {
    if ((await link.evaluate(({ textContent }) => textContent.trim())) !== text) continue;
    if (!page.isJavaScriptEnabled()) {
      await Promise.all([page.waitForNavigation(), link.click()]);
      return;
    }
    await replaced(page, () => link.click());
    return;
  }
  throw new Error(`${page.url()} has no link ${text} in ${within}`);
}

/** Waits until the script has replaced the main part of the page because of what was done. */
export async function replaced(page: Page, act: () => Promise<unknown>): Promise<void> {
  const main = await page.waitForSelector('#main');
  await act();
  await page.waitForFunction((old) => old?.isConnected === false, {}, main);
  await page.waitForSelector('#main:not([aria-busy])');
}
