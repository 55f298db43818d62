import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessibilityFindings, unevenTables, widthsThatScroll } from '../support/browser/checks.ts';
import { SCENES } from '../support/browser/scenes.ts';
import { browserSuite } from '../support/browser/suite.ts';

/** Phones, tablets and screens, and both sides of the breakpoints between them. */
const WIDTHS = [390, 480, 600, 768, 960, 961, 1024, 1280, 1440, 1920];

browserSuite('page in a browser', (browser, scope) => {
  for (const name of ['empty', 'demo', 'outage', 'series'] as const)
    test(`page, ${name}: is accessible in light and dark, fits each width, and has no problem`, async () => {
      const { exporter } = await SCENES[name](scope);
      for (const scheme of ['light', 'dark'] as const) {
        const { page, problems, close } = await browser.open(exporter.url, { scheme });
        for (const width of [1440, 390]) {
          await page.setViewport({ width, height: 900 });
          assert.deepEqual(await unevenTables(page), [], `${width} px`);
          assert.deepEqual(await accessibilityFindings(page), [], `${scheme}, ${width} px`);
        }
        if (scheme === 'light') assert.deepEqual(await widthsThatScroll(page, WIDTHS), []);
        assert.deepEqual(problems, []);
        await close();
      }
    });
});
