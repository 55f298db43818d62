import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exporter/child.ts';

/** Why there is no browser on this machine; undefined if there is one. */
export const NO_CHROMIUM =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `@sparticuz/chromium contains Chromium for Linux on x64, not for ${process.platform} on ${process.arch}`;

/** Unpacking takes 2 s on a quiet machine. */
const UNPACK_MS = 60_000;

/**
 * Prints the path of the browser. It goes to the folder in TMPDIR, which the package reads in the process that unpacks, and its
 * shared libraries are unpacked only on AWS Lambda.
 */
const UNPACK = `
  import { default as chromium } from '@sparticuz/chromium';
  console.log(await chromium.executablePath());
`;

/** A Chromium in a folder of its own. */
export interface Chromium {
  readonly path: string;
  /** Its whole environment: with the libraries and the only font that come with it, the same on each machine. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Unpacks Chromium from its npm package into an empty folder. Nothing is downloaded.
 *
 * @throws if that fails, or takes a minute.
 */
export async function unpackChromium(folder: string): Promise<Chromium> {
  if (NO_CHROMIUM !== undefined) throw new Error(NO_CHROMIUM);
  const { code, output } = await run(process.execPath, ['--input-type=module', '--eval', UNPACK], {
    cwd: import.meta.dirname,
    env: { TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', NODE_TEST_CONTEXT: undefined },
    timeoutMs: UNPACK_MS,
  });
  const path = join(folder, 'chromium');
  if (code !== 0 || output.trim() !== path)
    throw new Error(`Chromium was not unpacked within ${UNPACK_MS / 1000} s: exit code ${code}\n${output}`);
  const fonts = join(folder, 'fonts.conf');
  await writeFile(fonts, fontsIn(join(folder, 'fonts'), join(folder, 'font-cache')));
  return {
    path,
    env: {
      HOME: folder,
      TMPDIR: folder,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: fonts,
      LANG: 'en_US.UTF-8',
      TZ: 'UTC',
    },
  };
}

function fontsIn(folder: string, cache: string): string {
  return `<?xml version="1.0"?><fontconfig><dir>${folder}</dir><cachedir>${cache}</cachedir></fontconfig>`;
}
