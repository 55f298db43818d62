import { failuresOf } from './failing.ts';
import type { Alert, Group } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

const INSTANCE = '{{ $labels.job }} ({{ $labels.instance }})';
const { exporterMissedFor, storageFailingWithin } = THRESHOLDS;

/**
 * The name of the scrape job is unknown here, so the alert goes by the exporter's own series, per job: accounts that were exported,
 * that no exporter exports now, and whose target is down or whose job has no exporter left.
 */
const exporterDown: Alert = {
  alert: 'AiBillingExporterDown',
  expr: `count by (job) (
  max by (job, provider, account) (
    (
      last_over_time(ai_billing_series[${exporterMissedFor}]) and on (job, instance) up == 0
      or
      last_over_time(ai_billing_series[${exporterMissedFor}]) unless on (job) ai_billing_build_info
    )
    unless on (provider, account) ai_billing_series
  )
)`,
  for: THRESHOLDS.exporterDownFor,
  keepFiringFor: '10m',
  severity: 'critical',
  summary: 'The billing exporter of job {{ $labels.job }} is down.',
  description: `{{ $value }} accounts are not being monitored. Cost, budget and other alerts for them are blind until the exporter is back; no spend is lost, it is read at the next start. If the exporter was removed on purpose, this alert ends after ${exporterMissedFor}.`,
};

const restartLoop: Alert = {
  alert: 'AiBillingExporterRestartLoop',
  expr: `max by (job, instance) (
  changes(process_start_time_seconds[1h]) and on (job, instance) last_over_time(ai_billing_build_info[1h])
) > ${THRESHOLDS.restarts}`,
  keepFiringFor: '30m',
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} restarted {{ $value }} times within an hour.`,
  description:
    'Each start polls every feed at once and abandons polls in flight, so figures arrive late and request budgets are used up. Stored totals are not affected.',
};

const configReloadFailed: Alert = {
  alert: 'AiBillingConfigReloadFailed',
  expr: 'min by (job, instance) (ai_billing_config_last_reload_successful) == 0',
  for: THRESHOLDS.configReloadFailedFor,
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} rejected its new configuration.`,
  description:
    'It keeps running with the previous configuration: changes to accounts, budgets and rates since then are not in effect. A restart would fail.',
};

const pushFailing: Alert = {
  alert: 'AiBillingPushFailing',
  expr: 'min by (job, instance, receiver) (ai_billing_otlp_up) == 0',
  for: THRESHOLDS.pushFailingFor,
  keepFiringFor: '10m',
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} cannot push to {{ $labels.receiver }}.`,
  description: `No OTLP push has succeeded for ${THRESHOLDS.pushFailingFor}, so this receiver has old figures. No data is lost: the next successful push carries the totals. Prometheus scrapes are not affected.`,
};

const storageFailing: Alert = {
  alert: 'AiBillingStorageFailing',
  expr: `sum by (job, instance) (
  increase(${failuresOf('AiBillingStorageFailing')}[${storageFailingWithin}])
) > 0`,
  for: THRESHOLDS.storageFailingFor,
  keepFiringFor: '15m',
  severity: 'critical',
  summary: `The billing exporter ${INSTANCE} cannot write its ledger.`,
  description: `Writes have failed for more than ${THRESHOLDS.storageFailingFor}: the disk is full, the volume is read-only or the file is damaged. Costs and budgets of all its accounts are frozen while spending continues.`,
};

export const exporter: Group = {
  name: 'ai-billing-exporter',
  about: 'Whether the exporter runs, reloads, pushes and stores.',
  rules: [exporterDown, restartLoop, configReloadFailed, pushFailing, storageFailing],
};
