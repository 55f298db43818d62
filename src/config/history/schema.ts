import { z } from 'zod';
import { MINUTE } from '../../core/values/time.ts';
import { Headers, TLS_KEYS } from '../otel/schema.ts';
import { Day, duration } from '../values/values.ts';

/** The schema of the `history` section. */

const secret = (what: string) =>
  z
    .string()
    .optional()
    .meta({ description: `${what}, best as a variable: \${NAME}.` });

const secretFile = (key: string) =>
  z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta({
      description: `A file with the ${key}, relative to the configuration; read again when it changes.`,
    });

const BasicAuth = z.strictObject({
  username: z.string().min(1, 'must not be empty').meta({ description: 'The user.' }),
  password: secret('The password'),
  passwordFile: secretFile('password'),
});
export type BasicAuthSection = z.infer<typeof BasicAuth>;

const RemoteWrite = z.strictObject({
  url: z.string().meta({
    description: 'Where to, with the path: http://prometheus:9090/api/v1/write for a Prometheus.',
  }),
  headers: Headers,
  basicAuth: BasicAuth.optional().meta({ description: 'User and password.' }),
  bearerToken: secret('A token that is sent as Authorization: Bearer'),
  bearerTokenFile: secretFile('token'),
  timeout: duration(100, 10 * MINUTE)
    .prefault('30s')
    .meta({ description: 'Timeout of one request, first attempt or retry.' }),
  ...TLS_KEYS,
  serverName: z.string().min(1, 'must not be empty').optional().meta({
    description: 'The name that the certificate of the receiver must have. Default: the host of url.',
  }),
  labels: z.record(z.string(), z.string().min(1, 'must not be empty')).prefault({}).meta({
    description: 'Labels of every series: those that the scrapes add, such as job and instance.',
  }),
});
export type RemoteWriteSection = z.infer<typeof RemoteWrite>;

export const HistorySection = z.strictObject({
  from: Day.optional().meta({
    format: 'date',
    description: 'The first UTC day that is sent. Default: the start of last month.',
  }),
  remoteWrite: RemoteWrite.optional().meta({
    description: 'The receiver of what was billed before the first scrape. Default: nothing is sent.',
  }),
});
export type HistorySection = z.infer<typeof HistorySection>;
