import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboardFiles } from '../../../grafana/src/generate.ts';
import { ruleFiles } from '../../prometheus/src/generate.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The generated manifests for kustomize, by path: rules and dashboards. */
export function manifestFiles(): Map<string, string> {
  const rules = [...ruleFiles()].map(([name, text]) => ruleObject(name.replace(/\.yml$/, ''), text));
  return new Map([
    ['deploy/kubernetes/monitoring/prometheusrules.yaml', rules.join('---\n')],
    ['grafana/kustomization.yaml', kustomizationOf([...dashboardFiles().keys()])],
  ]);
}

function ruleObject(name: string, rules: string): string {
  return `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ai-billing-exporter
spec:
${rules.trim().replace(/^(?=.)/gm, '  ')}
`;
}

/** Kustomize cannot read files above its own folder, so this file is in the parent of the dashboards. */
function kustomizationOf(dashboards: readonly string[]): string {
  const maps = dashboards.map((file) => {
    const name = file.replace(/^ai-billing-(.*)\.json$/, '$1').replaceAll('_', '-');
    return `  - { name: ai-billing-dashboard-${name}, files: [dashboards/${file}] }\n`;
  });
  return `# The dashboards as ConfigMaps for the sidecar of the Grafana chart, used by deploy/kubernetes/monitoring.
# Generated from deploy/kubernetes/src by \`npm run generate\`.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generatorOptions:
  disableNameSuffixHash: true
  labels:
    grafana_dashboard: "1"
configMapGenerator:
${maps.join('')}`;
}

if (import.meta.main) {
  for (const [path, text] of manifestFiles()) await writeFile(join(ROOT, path), text);
}
