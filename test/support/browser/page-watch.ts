import type { CDPSession, Page } from 'puppeteer-core';

/** What a page did that a good page does not do, one sentence each, in order. */
export interface PageWatch {
  readonly problems: readonly string[];
  /** Every URL that was requested, in order. */
  readonly requests: readonly string[];
}

/**
 * Watches a page from before its first request: console messages, exceptions, violations of the Content-Security-Policy, failed
 * requests, and requests to any other origin than that of `url`.
 */
export async function watchPage(page: Page, url: string): Promise<PageWatch> {
  const problems: string[] = [];
  const requests: string[] = [];
  const { origin } = new URL(url);
  page.on('console', (message) => problems.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`exception: ${String(error)}`));
  page.on('error', (error) => problems.push(`crash: ${error.message}`));
  page.on('request', (request) => {
    requests.push(request.url());
    const at = new URL(request.url());
    if (at.protocol !== 'data:' && at.origin !== origin) problems.push(`external request: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    problems.push(`failed request: ${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`status ${response.status()}: ${response.url()}`);
  });
  await watchIssues(await page.createCDPSession(), problems);
  return { problems, requests };
}

/** What the browser's own "Issues" tab lists: it knows violations that the console does not mention. */
async function watchIssues(session: CDPSession, problems: string[]): Promise<void> {
  session.on('Audits.issueAdded', ({ issue: { code, details } }) => {
    problems.push(`issue ${code}: ${JSON.stringify(details)}`);
  });
  await session.send('Audits.enable');
}
