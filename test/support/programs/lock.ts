import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs `work` while no other process holds the same lock file.
 *
 * The kernel ties the lock to a child that exits with this process: no lock outlives its owner.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`cannot lock ${path}`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
