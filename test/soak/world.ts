import { fromInteger, parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../src/core/values/time.ts';
import { type Providers, SIMULATED_IDS, type SimulatedId, startAll } from '../simulators/all.ts';
import type { DedicatedRow } from '../simulators/baseten/rows.ts';
import type { Entry } from '../simulators/kit/books.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Spent } from '../simulators/kit/service.ts';
import type { Truth } from '../simulators/kit/truth.ts';
import { type FakeClock, fakeClockAt } from '../simulators/kit/world.ts';
import type { VeniceRow } from '../simulators/venice/rows.ts';
import {
  tellsOfBuckets,
  truthAsTold,
  truthOrTold,
  withoutLiveMinutes,
} from '../support/providers/told-truth.ts';
import type { ProcessSetup } from './messages.ts';

/** All providers, with growing and revised bills, which fail from time to time. */
export interface World {
  readonly clock: FakeClock;
  readonly accounts: ProcessSetup['accounts'];
  /** Books a charge, refund, restatement or late row, in addition to the generated ones. */
  act(): void;
  /** May make one provider fail from now on. */
  changeWeather(): void;
  /** Removes all faults. */
  calm(): void;
  /** Totals of the books; of a provider of completed buckets as it told them last. */
  truth(id: SimulatedId, range: Range): Truth;
  /** The part that the first poll has read. */
  baseline(id: SimulatedId, range: Range): Truth;
  /** Stores the books as those of the first poll. */
  begin(): void;
  requests(): number;
  close(): Promise<void>;
}

/** Faults, each of which ends within one poll. */
const FAULTS: readonly SimulatedFault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500, after: 1 },
  { kind: 'status', status: 401 },
  { kind: 'throttle', waitSeconds: 40, style: 'seconds', times: 1 },
  { kind: 'throttle', waitSeconds: 90, style: 'none', times: 1 },
  { kind: 'reset' },
  { kind: 'reset', times: 1 },
  { kind: 'cut' },
  { kind: 'truncated' },
  { kind: 'truncated', after: 2 },
  { kind: 'html' },
  { kind: 'empty' },
  { kind: 'hang' },
  { kind: 'hang', afterHeaders: true, times: 1 },
  { kind: 'slow', delayMs: 20 },
];
const TIMEOUT_MS = 1500;

export async function startWorld(
  { start, shareFailing }: { readonly start: Instant; readonly shareFailing: number },
  dice: () => number,
): Promise<World> {
  const clock = fakeClockAt(start);
  const since = startOfDay(start) - DAY;
  const providers = await withoutLiveMinutes(clock, () => startAll({ clock, genesis: since }));
  const hand = openHand(providers, clock, dice);
  let first = start;
  const before = new Map<SimulatedId, (range: Range) => Truth>();
  return {
    clock,
    accounts: SIMULATED_IDS.map((provider) => {
      const { url, key } = providers[provider];
      return { provider, url, key, since, timeoutMs: TIMEOUT_MS };
    }),
    act: hand,
    changeWeather() {
      calm(providers);
      if (dice() > shareFailing) return;
      const id = SIMULATED_IDS[Math.floor(dice() * SIMULATED_IDS.length)] ?? 'baseten';
      providers[id].fault(FAULTS[Math.floor(dice() * FAULTS.length)]);
    },
    calm: () => calm(providers),
    truth: (id, range) => truthOrTold(providers[id], range),
    begin() {
      first = clock.now();
      for (const id of SIMULATED_IDS) {
        const books = providers[id].truth({ start: since - 90 * DAY, end: first + DAY });
        const told = (range: Range) => truthAsTold(providers[id], range, 'first', first);
        before.set(id, tellsOfBuckets(providers[id]) ? told : () => books);
      }
    },
    baseline: (id, range) => before.get(id)?.(range) ?? providers[id].truth(range),
    requests: () => SIMULATED_IDS.reduce((sum, id) => sum + providers[id].requests.length, 0),
    close: () => providers.close(),
  };
}

function calm(providers: Providers): void {
  for (const id of SIMULATED_IDS) providers[id].fault(undefined);
}

const usd = parseDecimal;

/** Books rows that the generators do not produce. */
function openHand(providers: Providers, clock: FakeClock, dice: () => number): () => void {
  const { baseten, venice, inference_sh } = providers;
  const deployments: { readonly at: Instant; readonly entry: Entry<DedicatedRow> }[] = [];
  const spent: { readonly at: Instant; readonly entry: Spent }[] = [];
  const below = (limit: number) => Math.floor(dice() * limit);
  const eighths = () => fromInteger(BigInt(below(1e9) + 1), -8);
  const recent = () => {
    const open = spent.filter(({ at }) => clock.now() - at < DAY);
    return open[below(open.length)]?.entry;
  };
  const cents = () => usd(`0.${String(below(1_000_000_000) + 1).padStart(12, '0')}`);
  const acts: readonly (() => void)[] = [
    () => {
      const at = startOfDay(clock.now());
      const row = {
        category: 'dedicated',
        at,
        subtotal: cents(),
        minutes: below(1440),
        inference_requests: below(999),
      } as const;
      deployments.push({ at, entry: baseten.book({ ...row, resource: RESOURCE }) });
    },
    () => {
      // Baseten restates days for a month.
      const open = deployments.filter(({ at }) => clock.now() - at < 29 * DAY);
      open[below(open.length)]?.entry.revise({ subtotal: cents(), minutes: below(1440) });
    },
    () => {
      const provider = providers[SIMULATED_IDS[below(SIMULATED_IDS.length)] ?? 'baseten'];
      // Of a completed bucket, what changes between its readings is not seen.
      if (tellsOfBuckets(provider)) return void provider.spend(clock.now(), eighths());
      const at = clock.now() - below(20 * HOUR);
      spent.push({ at, entry: provider.spend(at, eighths()) });
    },
    () => recent()?.revise(eighths()),
    () => recent()?.remove(),
    () => void venice.book(charge(clock.now() - below(20 * HOUR), `-${1 + below(4)}.000000000001`)),
    () => void venice.book(charge(clock.now() - MINUTE, '0.5')),
    () => {
      const at = clock.now() - 20 * MINUTE;
      const row = { at, app: 'infsh/by-hand', microcents: BigInt(below(1e9) + 1), seconds: 3 };
      inference_sh.book({ ...row, refundedAt: clock.now() + 10 * HOUR });
    },
  ];
  return () => acts[below(acts.length)]?.();
}

const RESOURCE: DedicatedRow['resource'] = {
  id: 'dep-by-hand',
  kind: 'MODEL_DEPLOYMENT',
  name: 'by-hand',
  model_name: 'hand',
};

function charge(at: Instant, dollars: string): VeniceRow {
  return {
    at,
    sku: 'hand-image-unit',
    model: 'hand',
    amount: usd(dollars),
    units: usd('1'),
    pricePerUnitUsd: usd('1'),
    currency: 'USD',
    notes: '',
    inferenceDetails: null,
  };
}
