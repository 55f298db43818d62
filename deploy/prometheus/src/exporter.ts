import { failuresOf } from './failing.ts';
import type { Alert, Group } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

const INSTANCE = '{{ $labels.job }} ({{ $labels.instance }})';
const { exporterMissedFor, storageFailingWithin } = THRESHOLDS;

/**
 * Nobody can say what the job is called, so that the exporter's own series are missed, each job's by itself: accounts that were
 * there, that nobody shows any more, and whose target is down or whose job has no exporter left.
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
  summary: 'The billing exporter of the job {{ $labels.job }} is gone.',
  description: `{{ $value }} of its accounts are shown by nobody: no cost, no budget and no other alert of them is evaluated. Spend of the meantime is not lost, it is read once the exporter runs. An exporter that was removed on purpose is forgotten after ${exporterMissedFor}.`,
};

const restartLoop: Alert = {
  alert: 'AiBillingExporterRestartLoop',
  expr: `max by (job, instance) (
  changes(process_start_time_seconds[1h]) and on (job, instance) last_over_time(ai_billing_build_info[1h])
) > ${THRESHOLDS.restarts}`,
  keepFiringFor: '30m',
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} started {{ $value }} times within an hour.`,
  description:
    'Each start polls every feed at once and polls in flight are lost, so that figures are late and request budgets are spent. Totals are stored and stay right.',
};

const configReloadFailed: Alert = {
  alert: 'AiBillingConfigReloadFailed',
  expr: 'min by (job, instance) (ai_billing_config_last_reload_successful) == 0',
  for: THRESHOLDS.configReloadFailedFor,
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} refuses its new configuration.`,
  description:
    'It goes on with the old one: accounts, budgets and rates that were changed since are not in force. At its next start it would not come up.',
};

const pushFailing: Alert = {
  alert: 'AiBillingPushFailing',
  expr: 'min by (job, instance, receiver) (ai_billing_otlp_up) == 0',
  for: THRESHOLDS.pushFailingFor,
  keepFiringFor: '10m',
  severity: 'warning',
  summary: `The billing exporter ${INSTANCE} cannot push to {{ $labels.receiver }}.`,
  description: `For ${THRESHOLDS.pushFailingFor} no push over OTLP went through: whoever reads that receiver sees old figures. Nothing is lost, the next push that goes through holds the totals. What Prometheus scrapes is not touched.`,
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
  description: `For more than ${THRESHOLDS.storageFailingFor} writing has failed: the disk is full, the volume read-only or the file damaged. Costs of all of its accounts stand still, and budgets with them, while money may be spent.`,
};

export const exporter: Group = {
  name: 'ai-billing-exporter',
  about: 'Whether the exporter runs, and with what it was told.',
  rules: [exporterDown, restartLoop, configReloadFailed, pushFailing, storageFailing],
};
