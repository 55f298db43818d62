import { z } from 'zod';
import { DAY, MINUTE } from '../../core/values/time.ts';
import { COMPRESSIONS, PROTOCOLS, TEMPORALITIES } from '../../push/receiver.ts';
import { duration, Label } from '../values/values.ts';

/** The schema of the `opentelemetry` section. */

const file = (description: string) =>
  z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta({ description: `${description}, in PEM form; relative to the configuration.` });

/** Files with certificates and keys, of every receiver. */
export const TLS_KEYS = {
  caFile: file('Certificates to trust instead of the usual ones'),
  certFile: file('The client certificate with its chain'),
  keyFile: file('The private key of certFile, without a passphrase'),
};

export const Headers = z.record(z.string(), z.string()).prefault({}).meta({
  description: `Extra request headers, such as a key; best as variables: \${NAME}.`,
});

/** Keys of every OTLP receiver. */
const RECEIVER_KEYS = {
  protocol: z.enum(PROTOCOLS).prefault('http/protobuf').meta({ description: 'How it is sent.' }),
  endpoint: z.string().optional().meta({
    description: 'Where to. With HTTP, v1/metrics or v1/traces is appended to the path.',
  }),
  insecure: z.boolean().optional().meta({
    description: 'With grpc and an endpoint without a scheme: no TLS.',
  }),
  headers: Headers,
  compression: z.enum(COMPRESSIONS).prefault('none').meta({ description: 'Of what is sent.' }),
  timeout: duration(100, 10 * MINUTE)
    .prefault('10s')
    .meta({
      description: 'Timeout of one request, first attempt or retry.',
    }),
  ...TLS_KEYS,
};

const MetricsReceiver = z.strictObject({
  name: Label.meta({
    description: 'The label receiver; unique. The exporter stores under it what it sent last.',
  }),
  ...RECEIVER_KEYS,
  metricsEndpoint: z.string().optional().meta({ description: 'Instead of endpoint: used as it is.' }),
  temporality: z.enum(TEMPORALITIES).prefault('cumulative').meta({
    description:
      'Totals, differences (delta), or differences of what the exporter counts of itself (lowmemory).',
  }),
  interval: duration(100, DAY).prefault('60s').meta({
    description: 'From the start of one push to the start of the next.',
  }),
  pushTimeout: duration(100, DAY).optional().meta({
    description: 'Timeout of a whole push, at most the interval. Default: 30s, or the interval.',
  }),
});
export type ReceiverSection = z.infer<typeof MetricsReceiver>;

const Traces = z.strictObject({
  ...RECEIVER_KEYS,
  tracesEndpoint: z.string().optional().meta({ description: 'Instead of endpoint: used as it is.' }),
  sampleRatio: z.number().min(0).max(1).prefault(1).meta({
    description: 'The fraction of traces that are recorded, from 0 to 1.',
  }),
});
export type TracesSection = z.infer<typeof Traces>;

export const OpenTelemetrySection = z.strictObject({
  prometheus: z.boolean().optional().meta({
    description: 'Serve /otel/metrics. Default: what OTEL_METRICS_EXPORTER says.',
  }),
  genAiAttributes: z.boolean().prefault(false).meta({
    description: 'Add attributes under the names of the GenAI semantic conventions.',
  }),
  serviceName: z.string().min(1, 'must not be empty').optional().meta({
    description: 'The resource attribute service.name. Default: ai-billing-exporter.',
  }),
  resourceAttributes: z.record(z.string(), z.string()).prefault({}).meta({
    description: 'Attributes of the exporter as a whole; override OTEL_RESOURCE_ATTRIBUTES.',
  }),
  receivers: z.array(MetricsReceiver).optional().meta({
    description:
      'The receivers of metrics. Default: the one that the variables OTEL_EXPORTER_OTLP_* describe.',
  }),
  traces: Traces.optional().meta({
    description: "Send the exporter's own spans. Default: off, unless OTEL_TRACES_EXPORTER is otlp.",
  }),
});
export type OpenTelemetrySection = z.infer<typeof OpenTelemetrySection>;
