import type { Simulator } from '../../simulators/kit/service.ts';
import type { Simulation, SimulationInputs } from './simulation.ts';
import { NORMAL_INPUTS } from './simulation.ts';

/** An incident that has to alert. */
export interface Incident {
  readonly name: string;
  /** Hours since the quiet month ended. */
  readonly at: number;
  readonly hours: number;
  /** One of these alerts must fire; the first is the expected one. */
  readonly tells: readonly string[];
  begin(simulation: Simulation): void;
  end(simulation: Simulation): void;
  /** The exporter is down meanwhile. */
  readonly isGone?: boolean;
}

type When = Pick<Incident, 'at' | 'hours' | 'tells'>;
type SimulatorOf = (simulation: Simulation) => Pick<Simulator, 'fault'>;

/** Unusual spend. */
function spending(name: string, when: When, change: Partial<SimulationInputs>): Incident {
  const usual = Object.fromEntries(
    Object.entries(NORMAL_INPUTS).filter(([key]) => Object.hasOwn(change, key)),
  );
  return {
    name,
    ...when,
    begin: (simulation) => void Object.assign(simulation.now, change),
    end: (simulation) => void Object.assign(simulation.now, usual),
  };
}

/** A provider misbehaves. */
function failing(name: string, when: When, of: SimulatorOf, fault: Parameters<Simulator['fault']>): Incident {
  const [, paths] = fault;
  return {
    name,
    ...when,
    begin: (simulation) => of(simulation).fault(...fault),
    end: (simulation) => of(simulation).fault(undefined, paths),
  };
}

const venice: SimulatorOf = ({ simulators }) => simulators.venice;
const baseten: SimulatorOf = ({ simulators }) => simulators.baseten;
const northflank: SimulatorOf = ({ simulators }) => simulators.northflank;
const BILL = /usage_summary/;

/** Days between incidents of one account, so that their alerts do not overlap. */
export const INCIDENTS: readonly Incident[] = [
  spending(
    'ten times the usual spend at Venice',
    { at: 10, hours: 12, tells: ['AiBillingSpendSpike'] },
    { venice: 12 },
  ),
  failing(
    'unknown fields in the bill of Baseten',
    { at: 12, hours: 10, tells: ['AiBillingContractDrift'] },
    baseten,
    [{ kind: 'edit', edit: (body) => body.replace('{', '{"brand_new":1,') }, BILL],
  ),
  failing(
    'Northflank rejects the key',
    { at: 14, hours: 10, tells: ['AiBillingCredentialsRefused'] },
    northflank,
    [{ kind: 'status', status: 401 }],
  ),
  failing('Venice is down', { at: 40, hours: 8, tells: ['AiBillingFeedDown'] }, venice, [
    { kind: 'status', status: 503 },
    /usage/,
  ]),
  failing('Baseten returns HTML', { at: 44, hours: 8, tells: ['AiBillingContractBroken'] }, baseten, [
    { kind: 'html' },
    BILL,
  ]),
  {
    ...spending('the exporter is down', { at: 60, hours: 4, tells: ['AiBillingExporterDown'] }, {}),
    isGone: true,
  },
  spending(
    'tokens are no longer cached',
    { at: 80, hours: 40, tells: ['AiBillingCachedShareCollapsed'] },
    { cached: 0.02 },
  ),
  spending(
    'a currency without a rate',
    { at: 84, hours: 8, tells: ['AiBillingUnconvertedCurrency'] },
    { foreign: 3 },
  ),
  spending(
    'a deployment without requests',
    { at: 90, hours: 110, tells: ['AiBillingIdleSpend'] },
    { requests: 0 },
  ),
  spending(
    'the price of output tokens doubles',
    { at: 170, hours: 40, tells: ['AiBillingPriceChanged', 'AiBillingTokenPriceIncreased'] },
    { price: 4.4 },
  ),
  spending(
    'a balance that lasts two and a half days',
    { at: 180, hours: 12, tells: ['AiBillingRunwayShort'] },
    { balance: 150 },
  ),
  spending(
    'a balance that lasts one day',
    { at: 240, hours: 12, tells: ['AiBillingRunwayEnding'] },
    { balance: -20 },
  ),
  spending(
    'a balance that cannot be spent',
    { at: 260, hours: 8, tells: ['AiBillingBalanceCannotConsume'] },
    { canConsume: false },
  ),
  spending('a large refund', { at: 280, hours: 2, tells: ['AiBillingCorrections'] }, { refund: 60 }),
  failing(
    'totals of Baseten that differ from its line items',
    { at: 284, hours: 16, tells: ['AiBillingReconciliationDrift'] },
    baseten,
    [
      {
        kind: 'edit',
        edit: (body) =>
          body.replace(/"subtotal":[^,}]+/, '"subtotal":88888').replace(/"total":[^,}]+/, '"total":99999'),
      },
      BILL,
    ],
  ),
  failing('an endpoint is retired', { at: 310, hours: 8, tells: ['AiBillingEndpointSunset'] }, venice, [
    { kind: 'status', status: 410 },
    /usage/,
  ]),
  spending(
    'a new service at 80 dollars per hour',
    {
      at: 340,
      hours: 60,
      tells: [
        'AiBillingNewSpend',
        'AiBillingBudgetBurnFast',
        'AiBillingBudgetForecastOver',
        'AiBillingBudgetExceeded',
      ],
    },
    { newcomer: 80 },
  ),
];
