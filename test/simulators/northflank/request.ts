import { HOUR, type Instant } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { SimulatedContract } from '../kit/world.ts';
import type { BillPage, Filter } from './bill.ts';
import { failure } from './replies.ts';

const SEED_TYPES = [
  'job',
  'service',
  'addon',
  'volume',
  'opentofu-job',
  'llm-model-deployment',
  'external-addon',
];
const CURRENT_TYPES = [...SEED_TYPES, 'harness'];
const MOST = 100;

/** The target of a path, for the whole account or a team. */
export interface BillingTarget {
  readonly what: 'usage' | 'invoices' | 'credit-balance';
  readonly team?: string;
  /** Of one hour, undecoded; absent for the list. */
  readonly timestamp?: string;
}

export function targetOf(path: string): BillingTarget | undefined {
  const match = /^\/v1(?:\/teams\/([^/]+))?\/billing\/(usage|invoices|credit-balance)(?:\/([^/]+))?$/.exec(
    path,
  );
  const [, team, what, timestamp] = match ?? [];
  const scope = team ? { team: decodeURIComponent(team) } : {};
  if (what === 'usage') return { what, ...scope, ...(timestamp && { timestamp }) };
  if (timestamp !== undefined || (what !== 'invoices' && what !== 'credit-balance')) return undefined;
  return { what, ...scope };
}

/** The start of the billing hour in a path, or the rejection. A future hour has no bill yet. */
export function hourOf(timestamp: string, now: Instant): Instant | Reply {
  const hour = /^\d{1,11}$/.test(timestamp) ? Number(timestamp) * 1000 : Number.NaN;
  if (Number.isNaN(hour) || hour % HOUR !== 0) {
    return failure(400, { timestamp: ['Must be the Unix timestamp, in seconds, of a billing hour'] });
  }
  return hour > now ? failure(404) : hour;
}

/** The filters of a request, or the rejection. `ownTeam`: the only team that the token may read. */
export function filterOf(
  call: SimulatedCall,
  target: BillingTarget,
  contract: SimulatedContract,
  ownTeam: string | undefined,
): Filter | Reply {
  const { query } = call;
  const asked = query.get('teamId') ?? undefined;
  if (ownTeam !== undefined && (asked !== undefined || (target.team ?? ownTeam) !== ownTeam)) {
    return failure(403, { teamId: ['Not accepted from a token that can only read one team'] });
  }
  const types = typesOf(query, contract);
  if (types && 'status' in types) return types;
  const pages = pagesOf(query, contract);
  if ('status' in pages) return pages;
  const team = target.team ?? asked ?? ownTeam;
  const project = query.get('projectId') ?? undefined;
  return {
    ...(team !== undefined && { team }),
    ...(project !== undefined && { project }),
    ...(types && { types }),
    teamScoped: target.team !== undefined || ownTeam !== undefined,
    singleTeam: ownTeam !== undefined,
    pages,
  };
}

/** One type under the first contract, a list under the current one. */
function typesOf(query: URLSearchParams, contract: SimulatedContract): string[] | Reply | undefined {
  const text = query.get('resourceType');
  if (text === null) return undefined;
  const types = contract === 'seed' ? [text] : text.split(',');
  const known = contract === 'seed' ? SEED_TYPES : CURRENT_TYPES;
  if (types.every((type) => known.includes(type))) return types;
  return failure(400, { resourceType: [`Must be one of ${known.join(', ')}`] });
}

function pagesOf(query: URLSearchParams, contract: SimulatedContract): Filter['pages'] | Reply {
  const whole: BillPage = { number: 1, size: Number.MAX_SAFE_INTEGER };
  if (contract === 'seed') return { teams: whole, projects: whole, resources: whole };
  const page = (level: string): BillPage => ({
    number: Number(query.get(`${level}Page`) ?? 1),
    size: Number(query.get(`${level}PerPage`) ?? MOST),
  });
  const pages = { teams: page('teams'), projects: page('projects'), resources: page('resources') };
  const bad = Object.entries(pages).find(
    ([, { number, size }]) => !(isCount(number) && isCount(size) && size <= MOST),
  );
  return bad
    ? failure(400, { [`${bad[0]}PerPage`]: [`Must be a page from 1 and a size from 1 to ${MOST}`] })
    : pages;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
