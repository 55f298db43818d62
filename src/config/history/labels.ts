import { METRICS, type Metric } from '../../core/metrics/catalog.ts';

/** Names that begin with two underscores are Prometheus's own. */
const LABEL_NAME = /^(?!__)[a-zA-Z_]\w*$/;

/** The labels that the counters of the history have already. */
const OWN_LABELS = new Set(
  Object.values<Metric>(METRICS).flatMap(({ corrections, labels }) => (corrections ? labels : [])),
);

/** Why a label of this name cannot be added to every series of the history; undefined if it can. */
export function labelNameProblem(name: string): 'no label name' | 'own label' | undefined {
  if (!LABEL_NAME.test(name)) return 'no label name';
  return OWN_LABELS.has(name) ? 'own label' : undefined;
}
