import { open, rename, rm } from 'node:fs/promises';
import type { Io } from './io.ts';

/** `-` writes to standard output. A file gets its name once all of it is on the disk; until then it is `<file>.partial`. */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<string | Uint8Array>,
  { stdout, signal }: Pick<Io, 'stdout' | 'signal'>,
): Promise<void> {
  if (file !== '-') return writeFileWhole(file, pieces, signal);
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (typeof piece === 'string') stdout.write(piece);
    else stdout.writeBytes?.(piece);
  }
}

async function writeFileWhole(
  file: string,
  pieces: AsyncIterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w');
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
    }
    await handle.sync();
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}
