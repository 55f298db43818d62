import { existsSync, readFileSync } from 'node:fs';

/** The version of this program, as its package names it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const version: unknown = JSON.parse(text).version;
  return String(version);
}

/** The commit this program was built from: what the image says, else what the package was packed with; `""` in a checkout. */
export function packageRevision(): string {
  return process.env.AI_BILLING_EXPORTER_REVISION ?? packedRevision();
}

/** Version and commit as `--version` prints them. */
export function buildText(): string {
  const revision = packageRevision();
  return revision === '' ? packageVersion() : `${packageVersion()} (commit ${revision})`;
}

function packedRevision(): string {
  const file = new URL('revision', import.meta.url);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
