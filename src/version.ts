import { readFileSync } from 'node:fs';

/** The version of this program, as its package names it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const version: unknown = JSON.parse(text).version;
  return String(version);
}

/** The commit this program was built from; `""` where the build did not say. */
export function packageRevision(): string {
  return process.env.AI_BILLING_EXPORTER_REVISION ?? '';
}
