import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

// Prints the software bill of materials of the package: npm run sbom --silent > sbom.cdx.json

const ROOT = join(import.meta.dirname, '../..');

const Manifest = z.looseObject({ name: z.string(), devDependencies: z.unknown().optional() });
const Locked = z.looseObject({ dev: z.boolean().optional(), devDependencies: z.unknown().optional() });
const Lock = z.looseObject({ packages: z.record(z.string(), Locked) });
/** The fields of npm's SBOM that are changed. */
const Bom = z.looseObject({
  $schema: z.string(),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  serialNumber: z.string(),
  metadata: z.looseObject({ timestamp: z.string(), component: z.looseObject({ name: z.string() }) }),
});

/**
 * The installed packages, as CycloneDX. Reproducible: the same commit gives the same bytes. npm itself adds a random serial number and
 * the time, and names the program after its folder.
 */
export async function billOfMaterials(): Promise<string> {
  const manifest = Manifest.parse(await json('package.json'));
  const bom = Bom.parse(JSON.parse(await npmBillOf(manifest, Lock.parse(await json('package-lock.json')))));
  const seconds =
    process.env.SOURCE_DATE_EPOCH ?? (await outputOf('git', ['log', '-1', '--format=%ct'], ROOT));
  const component = { ...bom.metadata.component, name: manifest.name };
  const metadata = { ...bom.metadata, timestamp: new Date(Number(seconds) * 1000).toISOString(), component };
  const unnumbered = { ...bom, metadata, serialNumber: '' };
  return `${JSON.stringify({ ...unnumbered, serialNumber: `urn:uuid:${uuidOf(unnumbered)}` }, null, 2)}\n`;
}

/**
 * npm's SBOM for the manifest and the lock file without development dependencies. npm's own option to omit them also drops packages
 * that both the program and the tests need (npm 11.19).
 */
async function npmBillOf(manifest: z.infer<typeof Manifest>, lock: z.infer<typeof Lock>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sbom-'));
  try {
    const { devDependencies, ...shipped } = manifest;
    const packages = Object.entries(lock.packages).flatMap(([path, { devDependencies, ...locked }]) =>
      locked.dev ? [] : [[path, locked] as const],
    );
    await writeFile(join(folder, 'package.json'), JSON.stringify(shipped));
    const shippedLock = { ...lock, packages: Object.fromEntries(packages) };
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(shippedLock));
    const words = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
    return await outputOf('npm', words, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A name-based UUID, version 8: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8 */
function uuidOf(content: object): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join('-');
}

async function json(path: string): Promise<unknown> {
  return JSON.parse(await readFile(join(ROOT, path), 'utf8'));
}

async function outputOf(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 2 ** 26 });
  return stdout;
}

if (import.meta.main) process.stdout.write(await billOfMaterials());
