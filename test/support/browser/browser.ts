import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, type Page, type Browser as Puppet } from 'puppeteer-core';
import type { Scope } from '../exporter/process.ts';
import { type Chromium, unpackChromium } from './chromium.ts';
import { type PageWatch, watchPage } from './page-watch.ts';

/** How a page is looked at. */
export interface View {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  /** False: as in a browser with JavaScript switched off. */
  readonly scripts: boolean;
}

/** A desktop in daylight. */
export const DESKTOP: View = { width: 1440, height: 900, scheme: 'light', scripts: true };

/** A page in a browser profile of its own. */
export interface OpenPage extends PageWatch {
  /** Puppeteer's page. Each of its steps ends within {@link STEP_MS}. */
  readonly page: Page;
  close(): Promise<void>;
}

/** A real browser that is used by one test file. */
export interface Browser {
  /** Opens a page and waits until it has loaded. */
  open(url: string, view?: Partial<View>): Promise<OpenPage>;
}

/** The limit of each step in the browser: a hundred times what it takes. */
export const STEP_MS = 20_000;

const ARGUMENTS = [
  '--no-sandbox', // containers and root have none
  '--no-zygote',
  '--disable-gpu',
  '--disable-dev-shm-usage', // often 64 MB in containers
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
  // Fails at once whatever is not on this machine, so that no test depends on a network.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/**
 * Starts Chromium, unpacked into a temporary folder. It is killed and the folder removed when the scope ends; if this process dies,
 * the browser ends too, because its pipe closes.
 *
 * @throws with the browser's output if it does not start.
 */
export async function openBrowser(scope: Scope): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'chromium-'));
  let puppet: Puppet | undefined;
  scope.after(async () => {
    if (puppet) await endBrowser(puppet);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  puppet = await start(await unpackChromium(folder), join(folder, 'profile'));
  const browser = puppet;
  return { open: (url, view = {}) => openPage(browser, url, { ...DESKTOP, ...view }) };
}

function start({ path, env }: Chromium, userDataDir: string): Promise<Puppet> {
  return launch({
    executablePath: path,
    headless: 'shell',
    pipe: true,
    userDataDir,
    env: { ...env },
    args: ARGUMENTS,
    timeout: STEP_MS,
    protocolTimeout: STEP_MS,
  });
}

/** Kills it: a browser that hangs would not close. */
async function endBrowser(puppet: Puppet): Promise<void> {
  const child = puppet.process();
  const ended = child && new Promise((resolve) => child.once('close', resolve));
  const runs = child?.exitCode === null && child.signalCode === null;
  if (child?.pid !== undefined && runs) {
    process.kill(-child.pid, 'SIGKILL'); // Puppeteer starts a group of processes
    await ended;
  }
}

async function openPage(puppet: Puppet, url: string, view: View): Promise<OpenPage> {
  const context = await puppet.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  await page.setViewport({ width: view.width, height: view.height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: view.scheme }]);
  await page.setJavaScriptEnabled(view.scripts);
  const watch = await watchPage(page, url);
  await page.goto(url, { waitUntil: 'load' });
  return { ...watch, page, close: () => context.close() };
}
