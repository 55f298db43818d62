import { z } from 'zod';
import type { KubernetesObject } from './chart.ts';

/** The image's user. */
const USER = 65_532;
const Labels = z.record(z.string(), z.string());

const Container = z.object({
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.tuple([z.object({ containerPort: z.number() })]),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string() })),
});

const CONFINED = {
  runAsNonRoot: z.literal(true),
  fsGroupChangePolicy: z.literal('OnRootMismatch'),
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
};

const Pod = z.object({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  hostIPC: z.undefined().optional(),
  hostNetwork: z.undefined().optional(),
  hostPID: z.undefined().optional(),
  terminationGracePeriodSeconds: z.number().min(30),
  // All of them, or where the platform chooses none.
  securityContext: z.union([
    z.strictObject({
      ...CONFINED,
      runAsUser: z.literal(USER),
      runAsGroup: z.literal(USER),
      fsGroup: z.literal(USER),
    }),
    z.strictObject(CONFINED),
  ]),
  containers: z.tuple([Container]),
  volumes: z.array(z.object({ name: z.string(), hostPath: z.undefined().optional() })),
});

/**
 * A Deployment of one pod that has no right it could do without:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root that nobody writes to.
 */
const Workload = z.object({
  spec: z.object({
    replicas: z.literal([0, 1]),
    strategy: z.strictObject({ type: z.literal('Recreate') }),
    template: z.object({ metadata: z.object({ labels: Labels }), spec: Pod }),
  }),
});

/** The labels and the content of the only pod that objects make. Fails where it has more rights than it may. */
export function podOf(objects: readonly KubernetesObject[]) {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  const [{ spec }] = z.tuple([Workload]).parse(deployments);
  const [container] = spec.template.spec.containers;
  return {
    replicas: spec.replicas,
    labels: spec.template.metadata.labels,
    container,
    volumes: spec.template.spec.volumes,
  };
}

const Selector = z.looseObject({ matchLabels: Labels.optional() });
const Selecting = z.object({
  kind: z.string(),
  spec: z.object({ podSelector: Selector.optional(), selector: Selector.optional() }).optional(),
});

/** By kind, the labels that objects select by. */
export function selectorsOf(
  objects: readonly KubernetesObject[],
): Map<string, Readonly<Record<string, unknown>>> {
  const found = objects.flatMap((object) => {
    const { kind, spec } = Selecting.parse(object);
    const selector = spec?.podSelector ?? spec?.selector;
    return selector === undefined ? [] : [[kind, selector.matchLabels ?? selector] as const];
  });
  return new Map(found);
}

const Configured = z.object({ data: z.object({ 'config.yml': z.string() }) });

/** The exporter's configuration among objects, where there is one. */
export function configurationIn(objects: readonly KubernetesObject[]): string | undefined {
  for (const object of objects) {
    const { data } = Configured.safeParse(object);
    if (data !== undefined) return data.data['config.yml'];
  }
  return undefined;
}
