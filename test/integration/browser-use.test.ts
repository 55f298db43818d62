import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { z } from 'zod';
import { MINUTE } from '../../src/core/values/time.ts';
import { keyboardGaps, widthsThatScroll } from '../support/browser/checks.ts';
import { follow, replaced } from '../support/browser/follow.ts';
import { readAmounts } from '../support/browser/page-amounts.ts';
import { SCENES } from '../support/browser/scenes.ts';
import { browserSuite, once } from '../support/browser/suite.ts';

/** A4 at 96 pixels per inch, without its margins. */
const PAPER_WIDTH = 718;

browserSuite('use of the page', (browser, scope) => {
  const demo = once(() => SCENES.demo(scope));
  const open = async (search = '', scripts = true) =>
    browser.open((await demo()).exporter.url + search, { scripts });

  test('page: refreshes itself, and keeps its address, scroll position, open details and typed text', async () => {
    const { exporter, clock } = await SCENES.demo(scope);
    const search = '/?range=this_month&by=model&sort=name&q=a';
    const { page, problems } = await browser.open(exporter.url + search);
    const before = await readAmounts(page);
    await page.click('#chart-data > summary');
    await page.click('#other-feeds > summary');
    await page.focus('#search');
    await page.evaluate('scrollTo(0, 500)');
    clock.advance(30 * MINUTE);
    await exporter.pollAll();
    await replaced(page, () => page.evaluate('document.dispatchEvent(new Event("visibilitychange"))'));

    assert.notEqual((await readAmounts(page)).tiles.today, before.tiles.today);
    assert.equal(page.url(), exporter.url + search);
    assert.equal(await page.evaluate('scrollY'), 500);
    assert.equal(await page.evaluate('document.activeElement.id'), 'search');
    assert.equal(await page.$eval('#search', ({ value }) => value), 'a');
    for (const id of ['chart-data', 'other-feeds'])
      assert.equal(await page.$eval(`#${id}`, ({ open }) => open), true, id);
    assert.deepEqual(problems, []);
  });

  test('page: a search while typing filters the table, and is part of the address', async () => {
    const { page, problems } = await open('/?by=model');
    await page.focus('#search');
    await replaced(page, () => page.keyboard.type('LLAMA'));
    const { rows } = await readAmounts(page);
    assert.ok(rows.length > 0 && rows.every(({ labels }) => labels.includes('llama')), JSON.stringify(rows));
    assert.equal(new URL(page.url()).searchParams.get('q'), 'LLAMA');
    assert.deepEqual(problems, []);
  });

  test('page: going back returns to what was shown before', async () => {
    const { page } = await open();
    const first = await readAmounts(page);
    await follow(page, ['nav[aria-label="Range"]', 'Last month']);
    assert.notDeepEqual(await readAmounts(page), first);
    await replaced(page, () => page.goBack());
    assert.deepEqual(await readAmounts(page), first);
  });

  test('page: without JavaScript every link shows a page, and forms work', async () => {
    const { page, problems } = await open('', false);
    const links = z
      .array(z.string())
      .parse(await page.$$eval('a[href^="?"]', (found) => found.map(({ href }) => href)));
    assert.ok(links.length > 30);
    for (const link of new Set(links)) {
      const response = await fetch(link);
      assert.equal(response.status, 200, link);
      assert.ok((await response.text()).includes('data-tile="today"'), link);
    }
    await page.click('#add-filter > summary');
    await page.select('#add-filter select', 'provider');
    await page.type('#add-filter input[name="value"]', 'ven*');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    const { sum } = await readAmounts(page);
    assert.equal((await visible(page, '[data-filter="provider"]')).length, 1);
    await follow(page, ['.filters', 'Provider ven* ×, remove']);
    assert.deepEqual(await visible(page, '[data-filter]'), []);
    assert.notEqual((await readAmounts(page)).sum, sum);
    assert.deepEqual(problems, []);
  });

  test('page: the keyboard reaches everything, and shows where it is', async () => {
    const { page } = await open();
    assert.deepEqual(await keyboardGaps(page), { unreached: [], unmarked: [] });
  });

  test('page: arrow keys show the values of a bar, and Enter opens it', async () => {
    const { page, problems } = await open('/?range=7d&by=provider');
    await page.focus('[data-chart]');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    const { buckets } = await readAmounts(page);
    const shown = z.string().parse(await page.$eval('.values', ({ textContent }) => textContent));
    const total = Number(buckets[1]?.at(-1)?.known).toLocaleString('en-US', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    });
    assert.match(shown, /^(Sat,? )?Nov 21/);
    assert.ok(shown.includes(`$${total}`), `${total} is not in ${shown}`);
    await replaced(page, () => page.keyboard.press('Enter'));
    assert.equal(new URL(page.url()).searchParams.get('from'), '2026-11-21');
    assert.deepEqual(problems, []);
  });

  test('page: prints on paper, without what can only be clicked', async () => {
    const { page, problems } = await open();
    await page.emulateMediaType('print');
    assert.deepEqual(await widthsThatScroll(page, [PAPER_WIDTH]), []);
    for (const selector of ['nav', '.controls', '#search', 'a[data-csv]'])
      assert.deepEqual(await visible(page, selector), [], selector);
    assert.equal((await visible(page, '[data-tile]')).length, 4);
    const paper = Buffer.from(await page.pdf({ format: 'a4' })).toString('latin1');
    const pages = paper.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    assert.ok(pages >= 1 && pages <= 4, `${pages} pages`);
    assert.deepEqual(problems, []);
  });
});

/** The texts of the elements that are drawn. */
async function visible(page: Page, selector: string): Promise<string[]> {
  const texts = await page.$$eval(selector, (found) =>
    found.filter((each) => each.checkVisibility()).map(({ textContent }) => textContent),
  );
  return z.array(z.string()).parse(texts);
}
