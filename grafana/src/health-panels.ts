import type { Panel, Unit } from './board.ts';
import { LIVE } from './freshness.ts';

/** The varying parts of a panel about the exporter. */
export interface Drawn {
  readonly id: number;
  readonly title: string;
  readonly about: string;
  readonly unit: Unit;
  readonly expr: string;
  readonly legend: string;
  readonly width?: number;
  readonly empty?: string;
}

export const NO_SCRAPE = 'Prometheus does not scrape the exporter, or has scraped it only once.';

export function drawn(kind: 'lines' | 'stack', { expr, legend, about, ...rest }: Drawn): Panel {
  return {
    width: 12,
    empty: NO_SCRAPE,
    ...rest,
    kind,
    about: `${about} ${LIVE}`,
    queries: [{ expr, legend }],
  };
}
