import { type Fixed, ONE } from '../../../src/core/values/money.ts';
import { floorTo, HOUR, type Instant, MINUTE, type Range } from '../../../src/core/values/time.ts';
import { truncateTo } from '../kit/json.ts';
import { roll } from '../kit/random.ts';
import { bornAt, loadFactor, type World } from '../kit/world.ts';
import { COMPONENTS, type NorthflankRow, type RowPriceParts } from './rows.ts';

/** Fractions of a cent are billed, down to a hundred-thousandth. */
const GRAIN: Fixed = ONE / 10_000_000n;

/** What runs, in ten-thousandths of a dollar an hour. */
const RESOURCES = [
  {
    team: 'core',
    project: 'api',
    resourceType: 'service',
    resource: 'gateway',
    name: 'Gateway',
    cpu: 412,
    memory: 197,
  },
  {
    team: 'core',
    project: 'api',
    resourceType: 'addon',
    resource: 'postgres',
    name: 'Postgres',
    cpu: 188,
    memory: 140,
    storage: 61,
  },
  { team: 'core', project: 'api', resourceType: 'volume', resource: 'uploads', name: 'Uploads', storage: 37 },
  {
    team: 'core',
    project: 'batch',
    resourceType: 'job',
    resource: 'nightly',
    name: 'Nightly',
    cpu: 83,
    memory: 29,
  },
  {
    team: 'research',
    project: 'models',
    resourceType: 'service',
    resource: 'vllm',
    name: 'vLLM',
    cpu: 640,
    memory: 512,
    gpu: 23_900,
  },
  {
    team: 'research',
    project: 'models',
    resourceType: 'job',
    resource: 'evals',
    name: 'Evals',
    cpu: 120,
    memory: 66,
    gpu: 3100,
  },
  // A month-old service, then previews that come while somebody watches.
  {
    team: 'core',
    project: 'api',
    resourceType: 'service',
    resource: 'admin',
    name: 'Admin',
    cpu: 55,
    memory: 21,
  },
  {
    team: 'core',
    project: 'previews',
    resourceType: 'service',
    resource: 'preview-1',
    name: 'Preview 1',
    cpu: 31,
    memory: 12,
  },
  {
    team: 'core',
    project: 'previews',
    resourceType: 'service',
    resource: 'preview-2',
    name: 'Preview 2',
    cpu: 31,
    memory: 12,
  },
] as const;

const FOUNDERS = 6;
const SETTLERS = 1;

const CUSTOMER = [
  { scope: 'byoc', vcpu: 310, memory: 155, cluster: 1250 },
  { scope: 'egress_ip', flat: 50 },
  { scope: 'load_balancer', flat: 180 },
] as const;

/** The hours of a range as they are billed at `now`: the open one so far, a closed one restated slightly over the following day. */
export function northflankHistory(world: World): (range: Range, now: Instant) => NorthflankRow[] {
  return (range, now) => {
    const rows: NorthflankRow[] = [];
    const first = Math.max(floorTo(HOUR, range.start), world.genesis);
    for (let hour = first; hour < Math.min(range.end, now); hour += HOUR) {
      if (hour >= range.start) rows.push(...rowsOfHour(world, hour, now));
    }
    return rows;
  };
}

function rowsOfHour(world: World, hour: Instant, now: Instant): NorthflankRow[] {
  const scale = (index: number) => scaleOf(world, index, hour, now);
  const running = RESOURCES.flatMap((item, index): NorthflankRow[] => {
    if (bornAt(world, index, FOUNDERS, SETTLERS) >= Math.min(hour + HOUR, now)) return [];
    const { team, project, resourceType, resource, name, ...components } = item;
    const price = priced(components, scale(index));
    return [{ scope: 'paas', at: hour, team, project, resourceType, resource, name, price }];
  });
  // Builds run for the team as a whole: in its total, in none of its projects.
  const builds: NorthflankRow = {
    scope: 'paas',
    at: hour,
    team: 'core',
    price: priced({ cpu: 13, memory: 8 }, scale(90)),
  };
  const customer = CUSTOMER.map(({ scope, ...components }, index): NorthflankRow => {
    return { scope, at: hour, price: priced(components, scale(100 + index)) };
  });
  return [...running, builds, ...customer].filter((row) => row.price.total > 0n);
}

/** Millionths of the list price: how busy the hour was, how much of it is over, and what the first bill gets wrong. */
function scaleOf(world: World, index: number, hour: Instant, now: Instant): bigint {
  const busy =
    700_000 +
    Math.floor(300_000 * loadFactor(hour)) +
    Math.floor(50_000 * roll(world.seed, 101, index, hour / HOUR));
  const elapsed = Math.min(HOUR, floorTo(MINUTE, now - hour));
  const error = (roll(world.seed, 102, index, hour / HOUR) - 0.6) * 0.02 * uncertainty(now - hour - HOUR);
  return (BigInt(busy) * BigInt(Math.floor(elapsed * (1 - error)))) / BigInt(HOUR);
}

/** The part of the first bill's error that is left so long after the hour's end. */
function uncertainty(age: number): number {
  if (age < HOUR) return 1;
  if (age < 6 * HOUR) return 0.5;
  return age < 23 * HOUR ? 0.2 : 0;
}

type ComponentRates = { readonly [Key in (typeof COMPONENTS)[number] | 'flat']?: number };

function priced(rates: ComponentRates, scale: bigint): RowPriceParts {
  const dollars = (rate: number) => truncateTo(GRAIN, (BigInt(rate) * (ONE / 10_000n) * scale) / 1_000_000n);
  const components = COMPONENTS.flatMap((component) => {
    const rate = rates[component];
    return rate === undefined ? [] : [{ component, value: dollars(rate) }];
  });
  const flat = dollars(rates.flat ?? 0);
  // Networking is in the total only.
  const network = components.some(({ component }) => component === 'cpu') ? dollars(7) : 0n;
  const total = components.reduce((sum, { value }) => sum + value, flat + network);
  return { total, ...Object.fromEntries(components.map(({ component, value }) => [component, value])) };
}
