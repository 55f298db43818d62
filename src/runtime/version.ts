import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of this program, as its package names it. */
export function packageVersion(): string {
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new Error('no package.json above the program');
  const version: unknown = JSON.parse(readFileSync(manifest, 'utf8')).version;
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

/** What `deploy/npm/build.ts` puts in its place: the commit that was bundled. */
declare const BUNDLED_REVISION: string;

function packedRevision(): string {
  return typeof BUNDLED_REVISION === 'undefined' ? '' : BUNDLED_REVISION;
}
