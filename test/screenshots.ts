/** Writes the pictures of the page to docs/images: `npm run screenshots`, or only some: `npm run screenshots -- dark phone`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, openBrowser, type View } from './support/browser/browser.ts';
import { palettePng } from './support/browser/palette-png.ts';
import { SCENES, type SceneName } from './support/browser/scenes.ts';
import { inScope } from './support/browser/scope.ts';

const FOLDER = join(import.meta.dirname, '../docs/images');

/** Pictures are smaller than this, so that a clone stays small and README loads quickly. */
const MAX_BYTES = 120_000;

interface Shot {
  readonly scene: SceneName;
  readonly search?: string;
  readonly view?: Partial<View>;
}

const SHOTS: Readonly<Record<string, Shot>> = {
  light: { scene: 'demo' },
  dark: { scene: 'demo', search: '?range=this_month&by=model', view: { scheme: 'dark' } },
  phone: { scene: 'demo', view: { width: 390, height: 1600 } },
  outage: { scene: 'outage' },
  empty: { scene: 'empty' },
  accounts: { scene: 'accounts' },
  series: { scene: 'series', search: '?by=resource,name' },
};

async function shoot(browser: Browser, url: string, name: string, view: Partial<View>): Promise<void> {
  const { page, problems, close } = await browser.open(url, { width: 1280, height: 1000, ...view });
  const screenshot = await page.screenshot({ type: 'png' });
  if (problems.length > 0) throw new Error(`${name}: ${problems.join('; ')}`);
  await page.goto('about:blank');
  const image = await palettePng(page, screenshot);
  await close();
  if (image.length > MAX_BYTES) throw new Error(`${name} has ${image.length} bytes, more than ${MAX_BYTES}`);
  await writeFile(join(FOLDER, `${name}.png`), image);
}

const wanted = process.argv.slice(2);
const shots = Object.entries(SHOTS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
await mkdir(FOLDER, { recursive: true });
await inScope(async (scope) => {
  const browser = await openBrowser(scope);
  for (const [scene, ofScene] of Map.groupBy(shots, ([, shot]) => shot.scene))
    await inScope(async (inner) => {
      const { exporter } = await SCENES[scene](inner);
      for (const [name, { search = '', view = {} }] of ofScene)
        await shoot(browser, `${exporter.url}/${search}`, name, view);
    });
});
