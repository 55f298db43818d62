import { z } from 'zod';
import { configurationSchema } from '../../../src/config/json-schema.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';

/** Kubernetes objects that the chart passes through; the cluster validates them. */
const Any = z.looseObject({});
const Texts = z.record(z.string(), z.string());
const EnvironmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names; empty for the default */
const Name = z.string().regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/);
const Named = Name.min(1);
const Port = z.int().min(1).max(65_535);
const Duration = z.string().regex(/^[0-9]+(ms|s|m|h)$/);
const Quantity = z.union([z.number().positive(), z.string().regex(/^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$/)]);

/** Null or empty: chosen by the platform. */
const Id = (least: number) =>
  z.union([z.int().min(least).max(2_147_483_647), z.literal(''), z.null()]).optional();

const MONITORED = { enabled: z.boolean(), namespace: Name, labels: Texts };

/** The values of the chart; values.yaml documents each key and its default. */
const Values = z.strictObject({
  demo: z.boolean(),
  config: Any,
  keys: z.strictObject({
    files: Name,
    env: z.array(z.strictObject({ name: EnvironmentName, secretName: Named, secretKey: z.string().min(1) })),
  }),
  webConfig: z.strictObject({ secretName: Name, file: z.string().regex(/^[-._a-zA-Z0-9]+$/) }),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string().regex(/^[\w.-]*$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: Named })),
  nameOverride: Name,
  fullnameOverride: Name,
  commonLabels: Texts,
  persistence: z.strictObject({
    enabled: z.boolean(),
    existingClaim: Name,
    size: Quantity,
    storageClassName: Name,
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteOncePod']),
    annotations: Texts,
    keep: z.boolean(),
  }),
  service: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: Port,
    annotations: Texts,
  }),
  serviceAccount: z.strictObject({ create: z.boolean(), name: Name, annotations: Texts }),
  serviceMonitor: z.strictObject({
    ...MONITORED,
    interval: Duration,
    scrapeTimeout: Duration,
    endpoint: Any,
  }),
  prometheusRule: z.strictObject(MONITORED),
  dashboards: z.strictObject({ ...MONITORED, annotations: Texts }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    from: z.array(Any),
    httpsTo: z.array(Any),
    extraEgress: z.array(Any),
  }),
  podDisruptionBudget: z.strictObject({ enabled: z.boolean(), maxUnavailable: z.int().min(0).max(1) }),
  probes: z.strictObject({ kind: z.enum(['http', 'tcp']), scheme: z.enum(['HTTP', 'HTTPS']) }),
  podSecurityContext: z.strictObject({ runAsUser: Id(1), runAsGroup: Id(0), fsGroup: Id(0) }),
  resources: z.strictObject({
    requests: z.record(z.string(), Quantity).optional(),
    limits: z.record(z.string(), Quantity).optional(),
  }),
  terminationGracePeriodSeconds: z.int().min(30),
  extraEnv: z.array(z.looseObject({ name: EnvironmentName })),
  extraVolumes: z.array(z.looseObject({ name: Named })),
  extraVolumeMounts: z.array(z.looseObject({ name: Named, mountPath: z.string().min(1) })),
  podAnnotations: Texts,
  podLabels: Texts,
  nodeSelector: Texts,
  tolerations: z.array(Any),
  affinity: Any,
  topologySpreadConstraints: z.array(Any),
  priorityClassName: Name,
  // Set by parent charts.
  global: Any.optional(),
});

/**
 * The JSON Schema of the values. It includes the schema of the exporter's configuration, so that mistakes are reported when the chart
 * is installed, rather than by a container that does not start.
 */
export function valuesSchema(): object {
  const schema = z.toJSONSchema(Values);
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema, in an object that nothing awaits
  const config = { if: { minProperties: 1 }, then: configurationSchema(PROVIDERS) };
  return {
    ...schema,
    title: 'Values of the chart ai-billing-exporter',
    properties: { ...schema.properties, config },
  };
}
