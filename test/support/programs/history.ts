import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type Instant, MINUTE } from '../../../src/core/values/time.ts';

/** Prometheus looks back no further. */
const EVERY_MS = 5 * MINUTE;
const TARGET = 'job="ai-billing",instance="exporter:9464"';
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;

/** What Prometheus would have scraped, as OpenMetrics with timestamps. */
export interface History {
  /** A page that was served from one instant on, to before another. */
  served(page: string, from: Instant, to: Instant): void;
  end(): Promise<void>;
}

/** @param names The metrics to keep. */
export function openHistory(path: string, names: ReadonlySet<string>): History {
  const file = createWriteStream(path);
  return {
    served(page, from, to) {
      for (const line of page.split('\n')) {
        const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
        if (!names.has(name)) continue;
        const series = `${name}{${[labels, TARGET].filter((part) => part !== '').join(',')}}`;
        for (let at = from; at < to; at += EVERY_MS) file.write(`${series} ${value} ${at / 1000}\n`);
      }
    },
    async end() {
      file.end('# EOF\n');
      await finished(file);
    },
  };
}
