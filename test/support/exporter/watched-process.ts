import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Measurements of a process. */
export interface Watched {
  /** The slowest answer to `/-/healthy` or `/metrics`. */
  readonly slowestMs: number;
  /** The longest delay of its event loop, by its own metric. */
  readonly lagMs: number;
  readonly peakBytes: number;
}

/** Requests health and metrics of an exporter until stopped. */
export function watchProcess({ url, pid }: { readonly url: string; readonly pid: number }) {
  const stopped = new AbortController();
  const seen = { slowestMs: 0, lagMs: 0 };
  const ask = async () => {
    while (!stopped.signal.aborted) {
      for (const path of ['/-/healthy', '/metrics']) {
        const begun = performance.now();
        const text = await (await fetch(url + path)).text();
        seen.slowestMs = Math.max(seen.slowestMs, performance.now() - begun);
        const [, lag = '0'] = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text) ?? [];
        seen.lagMs = Math.max(seen.lagMs, Number(lag) * 1000);
      }
      await sleep(20);
    }
  };
  const asking = ask();
  return async (): Promise<Watched> => {
    const peakBytes = await peakMemoryOf(pid);
    stopped.abort();
    await asking;
    return { ...seen, peakBytes };
  };
}

/** The most resident memory so far: `VmHWM` of https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function peakMemoryOf(pid: number): Promise<number> {
  const [, kilobytes = '0'] = /^VmHWM:\s*(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
