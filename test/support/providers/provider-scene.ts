import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../../simulators/kit/books.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatorOptions } from '../../simulators/kit/world.ts';
import { startExporter } from '../exporter/exporter.ts';
import type { Scope } from '../exporter/process.ts';
import { withoutLiveMinutes } from './told-truth.ts';

export interface ProviderSceneOptions<Options extends SimulatorOptions, Row extends BookedRow> {
  readonly provider: string;
  readonly start: (options: Options & { clock: FakeClock }) => Promise<Simulator<Row>>;
  readonly options: Options;
  readonly now: Instant;
  /** Default: the one that the simulator accepts. */
  readonly key?: string | undefined;
  readonly since?: Instant;
}

/** One account at one simulated provider, which earns nothing by itself meanwhile. */
export async function providerScene<Options extends SimulatorOptions, Row extends BookedRow>(
  scope: Scope,
  { provider, start, options, now, key, since }: ProviderSceneOptions<Options, Row>,
) {
  const clock = fakeClockAt(now);
  const simulator = await withoutLiveMinutes(clock, () => start({ ...options, clock }));
  scope.after(() => simulator.close());
  const account = {
    provider,
    url: simulator.url,
    key: key ?? simulator.key,
    ...(since !== undefined && { since }),
  };
  return { clock, simulator, exporter: await startExporter(scope, clock, [account]) };
}
