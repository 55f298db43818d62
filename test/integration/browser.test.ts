import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { openBrowser } from '../support/browser/browser.ts';
import { browserSuite } from '../support/browser/suite.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import type { Scope } from '../support/exporter/process.ts';

browserSuite('browser harness', (browser) => {
  test('a page that loads nothing else has no problems', async (context) => {
    const { page, problems, requests } = await browser.open(await serve(context, '<h1>Fine</h1>'));
    assert.equal(await page.$eval('h1', ({ textContent }) => textContent), 'Fine');
    assert.deepEqual(problems, []);
    assert.equal(requests.length, 1);
  });

  test('each kind of problem is reported', async (context) => {
    const policy = { 'content-security-policy': "default-src 'none'; script-src 'nonce-a'; img-src *" };
    const script = 'console.warn("warned"); throw new Error("thrown")';
    const body = `<script nonce="a">${script}</script><script>1</script><p style="color: red"></p>
      <img src="http://example.invalid/x.png" alt=""><img src="/gone.png" alt="">`;
    const { problems } = await browser.open(await serve(context, body, policy));
    for (const expected of [
      'console warn: warned',
      'exception: Error: thrown',
      'issue ContentSecurityPolicyIssue: .*"script-src-elem"',
      'issue ContentSecurityPolicyIssue: .*"style-src-attr"',
      'external request: http://example.invalid/x.png',
      'failed request: http://example.invalid/x.png: net::ERR_NAME_NOT_RESOLVED',
      'status 404: .*/gone.png',
    ])
      assert.ok(
        problems.some((problem) => new RegExp(`^${expected}`).test(problem)),
        `${expected}, in ${problems.join('\n')}`,
      );
  });

  test('without JavaScript no script runs', async (context) => {
    const url = await serve(context, '<script>document.title = "ran"</script>');
    const { page, problems } = await browser.open(url, { scripts: false });
    assert.equal(await page.title(), 'a');
    assert.deepEqual(problems, []);
  });

  test('a browser is killed and its files are removed when its scope ends', async (context) => {
    const ends: (() => unknown)[] = [];
    const second = await openBrowser({ after: (end) => ends.push(end) });
    const { page } = await second.open(await serve(context, ''));
    const child = page.browser().process();
    const profile = child?.spawnargs.find((each) => each.startsWith('--user-data-dir='))?.split('=')[1] ?? '';
    assert.ok(existsSync(profile));
    for (const end of ends) await end();
    assert.equal(child?.signalCode, 'SIGKILL');
    assert.ok(!existsSync(profile));
  });
});

/** Serves a page with this body, and 404 for all else; returns its URL. */
async function serve(scope: Scope, body: string, headers: Record<string, string> = {}): Promise<string> {
  const at = await serveOnLoopback(scope, (request, response) => {
    const found = request.url === '/';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(found ? `<!doctype html><html lang="en"><title>a</title>${body}` : '');
  });
  return `http://${at}/`;
}
