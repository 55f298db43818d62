import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'puppeteer-core';
import { z } from 'zod';

const Findings = z.array(
  z.object({
    id: z.string(),
    impact: z.string().nullable(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
);

/** What axe finds serious or critical, one line per rule and element. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const found = Findings.parse(await page.evaluate('axe.run().then(({ violations }) => violations)'));
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary}`),
    );
}

/** Widths, in CSS pixels, at which the page scrolls sideways. */
export async function widthsThatScroll(page: Page, widths: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (const width of widths) {
    await page.setViewport({ width, height: 900 });
    const isWider = await page.evaluate(
      'document.documentElement.scrollWidth > document.documentElement.clientWidth',
    );
    if (isWider === true) found.push(width);
  }
  return found;
}

/** Tables in which a row has other cells than there are headings, as when only one of both is hidden on a phone. */
export async function unevenTables(page: Page): Promise<string[]> {
  const found = await page.evaluate(`[...document.querySelectorAll('table')].flatMap((table) => {
    const shown = (row) => [...row.cells].filter((cell) => cell.checkVisibility());
    const [head] = table.tHead?.rows ?? [];
    const isUneven = (row) => shown(row).length !== shown(head).length && !row.querySelector('[colspan]');
    return head?.checkVisibility() && [...table.rows].some((row) => row.checkVisibility() && isUneven(row))
      ? [shown(head).map(({ textContent }) => textContent).join(', ')] : [];
  })`);
  return z.array(z.string()).parse(found);
}

/** Milliseconds from the start of the navigation to the first text on the screen. */
export async function firstContentfulPaintMs(page: Page): Promise<number> {
  const entry = 'performance.getEntriesByName("first-contentful-paint")[0]?.startTime';
  await page.waitForFunction(`${entry} !== undefined`);
  return z.number().parse(await page.evaluate(entry));
}

/** A short name of an element, for messages. */
const NAME = `(element) => element.tagName.toLowerCase() + ' ' + (element.getAttribute('aria-label') ?? element.getAttribute('name') ?? element.textContent.trim().slice(0, 40))`;

/**
 * Presses Tab until it returns to the start.
 *
 * @returns what the keyboard does not reach, and what it reaches without a visible focus.
 */
export async function keyboardGaps(page: Page): Promise<{ unreached: string[]; unmarked: string[] }> {
  await page.evaluate(`
    window.reached = new Set();
    window.unmarked = [];
    window.focusable = [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.tabIndex >= 0 && !element.disabled);
    document.addEventListener('focusin', ({ target }) => {
      window.reached.add(target);
      const { outlineStyle, boxShadow } = getComputedStyle(target);
      if (outlineStyle === 'none' && boxShadow === 'none') window.unmarked.push((${NAME})(target));
    });
  `);
  const count = z.number().parse(await page.evaluate('window.focusable.length'));
  for (let presses = 0; presses <= count; presses += 1) await page.keyboard.press('Tab');
  const names = z.array(z.string());
  return {
    unreached: names.parse(
      await page.evaluate(`window.focusable.filter((each) => !window.reached.has(each)).map(${NAME})`),
    ),
    unmarked: names.parse(await page.evaluate('window.unmarked')),
  };
}
