import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new Error('no package.json above the program');
  const version: unknown = JSON.parse(readFileSync(manifest, 'utf8')).version;
  return String(version);
}

/** The commit of the build: from the image, or from the package; `""` in a checkout. */
export function packageRevision(): string {
  return process.env.AI_BILLING_EXPORTER_REVISION ?? packedRevision();
}

/** Version and commit as `--version` prints them. */
export function buildText(): string {
  const revision = packageRevision();
  return revision === '' ? packageVersion() : `${packageVersion()} (commit ${revision})`;
}

/** Replaced by `deploy/npm/build.ts` with the commit that was bundled. */
declare const BUNDLED_REVISION: string;

function packedRevision(): string {
  return typeof BUNDLED_REVISION === 'undefined' ? '' : BUNDLED_REVISION;
}
