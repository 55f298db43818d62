import type { Page } from 'puppeteer-core';
import { z } from 'zod';

const Cell = z.string().nullable();

/** The numbers that a page shows, as exact decimal text; null where it says that they are unknown. */
const PageAmounts = z.object({
  /** By the name of the tile. */
  tiles: z.record(z.string(), Cell),
  /** Of the table: its rows in order, and the sum below them. */
  rows: z.array(z.object({ labels: z.string(), total: Cell })),
  sum: Cell,
  /** Of the table behind the chart: the newest bucket first. */
  heads: z.array(z.string()),
  buckets: z.array(z.array(z.object({ known: Cell, isWhole: z.boolean() }))),
  budgets: z.record(z.string(), Cell),
  /** Every amount on the page, with the text that people read. */
  all: z.array(z.object({ value: z.string(), text: z.string(), title: z.string() })),
});
export type PageAmounts = z.infer<typeof PageAmounts>;

const READ = `(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const known = (text) => (text === '' ? null : text);
  const byName = (selector, name, value) =>
    Object.fromEntries(all(selector).map(({ dataset }) => [dataset[name], known(dataset[value])]));
  return {
    tiles: byName('[data-tile]', 'tile', 'usd'),
    rows: all('#spenders [data-row]').map(({ dataset }) => ({ labels: dataset.row, total: known(dataset.total) })),
    sum: known(document.querySelector('#spenders tfoot [data-total]').dataset.total),
    heads: all('#chart-data thead th').map(({ textContent }) => textContent),
    buckets: all('#chart-data tbody tr').map((row) =>
      all('td', row).map((cell) => ({
        known: cell.querySelector('data')?.value ?? null,
        isWhole: !cell.matches('[data-partial]'),
      }))),
    budgets: byName('[data-budget]', 'budget', 'spent'),
    all: all('data').map(({ value, textContent, title }) => ({ value, text: textContent, title })),
  };
})()`;

/** Reads the numbers from the DOM. */
export async function readAmounts(page: Page): Promise<PageAmounts> {
  return PageAmounts.parse(await page.evaluate(READ));
}
