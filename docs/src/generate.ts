import { readFile, writeFile } from 'node:fs/promises';
import { PROVIDERS } from '../../src/providers/index.ts';
import { metricsPage } from './metrics-page.ts';
import { providerTables, withGeneratedParts } from './provider-tables.ts';

const ROOT = new URL('../../', import.meta.url);

/** The pages that are generated, whole or in part, by their paths. */
export async function generatedPages(): Promise<Map<string, string>> {
  const pages = new Map([['docs/metrics.md', metricsPage()]]);
  for (const [path, tables] of providerTables(PROVIDERS))
    pages.set(path, withGeneratedParts(await readFile(new URL(path, ROOT), 'utf8'), tables));
  return pages;
}

if (import.meta.main) {
  for (const [path, text] of await generatedPages()) await writeFile(new URL(path, ROOT), text);
}
