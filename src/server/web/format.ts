import { z } from 'zod';
import { formed, must, text } from '../../config/values/values.ts';
import { parseGoDuration } from '../../core/values/duration.ts';

/**
 * The schema of the exporter-toolkit's web configuration:
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */

/**
 * OpenSSL's names of the suites that Go considers secure (https://pkg.go.dev/crypto/tls#CipherSuites), by their names in Go, preferred
 * ones first.
 */
export const CIPHERS = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
} as const;

/** HTTP/2 over TLS 1.2 requires at least one of these: https://www.rfc-editor.org/rfc/rfc9113#section-9.2.2 */
export const HTTP2_CIPHERS = [
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
] as const satisfies readonly (keyof typeof CIPHERS)[];

/** OpenSSL's names of the versions, and their order. */
export const VERSIONS = {
  TLS10: { name: 'TLSv1', age: 10 },
  TLS11: { name: 'TLSv1.1', age: 11 },
  TLS12: { name: 'TLSv1.2', age: 12 },
  TLS13: { name: 'TLSv1.3', age: 13 },
} as const;

/** OpenSSL's names of the curves. */
export const CURVES = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
} as const;

/** Whether clients are asked for a certificate, must present one, and have it verified: https://pkg.go.dev/crypto/tls#ClientAuthType */
export const CLIENT_AUTH = {
  NoClientCert: { asks: false, requires: false, verifies: false },
  RequestClientCert: { asks: true, requires: false, verifies: false },
  RequireAnyClientCert: { asks: true, requires: true, verifies: false },
  // The older name, which the toolkit still accepts.
  RequireClientCert: { asks: true, requires: true, verifies: false },
  VerifyClientCertIfGiven: { asks: true, requires: false, verifies: true },
  RequireAndVerifyClientCert: { asks: true, requires: true, verifies: true },
} as const;

/** The client authentication mode. */
export type ClientAuth = (typeof CLIENT_AUTH)[keyof typeof CLIENT_AUTH];

/** A name from the table, converted to its value. */
function named<T>(table: Readonly<Record<string, T>>) {
  const form = `one of ${Object.keys(table).join(', ')}`;
  return text(form, (name) => (Object.hasOwn(table, name) ? table[name] : undefined));
}

const Text = z.string(must('text'));

const TlsSection = z.strictObject({
  cert: Text.optional(),
  cert_file: Text.optional(),
  key: Text.optional(),
  key_file: Text.optional(),
  client_ca: Text.optional(),
  client_ca_file: Text.optional(),
  client_auth_type: named<ClientAuth>(CLIENT_AUTH).prefault('NoClientCert'),
  client_allowed_sans: z
    .array(Text)
    .min(1, 'must list at least one name; no client could connect')
    .optional(),
  min_version: named<(typeof VERSIONS)[keyof typeof VERSIONS]>(VERSIONS).prefault('TLS12'),
  max_version: named<(typeof VERSIONS)[keyof typeof VERSIONS]>(VERSIONS).prefault('TLS13'),
  cipher_suites: z.array(named<string>(CIPHERS)).prefault([]),
  prefer_server_cipher_suites: z.boolean().prefault(true),
  curve_preferences: z.array(named<string>(CURVES)).prefault([]),
});
export type TlsSection = z.infer<typeof TlsSection>;

const HeaderText = Text.regex(/^[\t\x20-\x7e]*$/, 'must be one line that a header can carry');

const Headers = z.strictObject({
  'Content-Security-Policy': HeaderText.optional(),
  'X-Frame-Options': z.enum(['deny', 'sameorigin']).optional(),
  'X-Content-Type-Options': z.enum(['nosniff']).optional(),
  'X-XSS-Protection': HeaderText.optional(),
  'Strict-Transport-Security': HeaderText.optional(),
});

const HttpSection = z.strictObject({ http2: z.boolean().prefault(true), headers: Headers.prefault({}) });

const INTERVAL_FORM = 'a duration such as 500ms, 1s or 1m30s, or 0 for no limit';
const Interval = formed(z.union([z.number(), z.string()], must(INTERVAL_FORM)), INTERVAL_FORM, (value) =>
  // Go reads a number as nanoseconds, which is never intended.
  typeof value === 'string' || value === 0 ? parseGoDuration(String(value)) : undefined,
);

const RateSection = z.strictObject({
  interval: Interval.prefault(0),
  burst: z.int(must('a whole number from 0 on')).min(0).prefault(0),
});

/** Everything except the users, whose names are arbitrary. */
export const WebFile = z.strictObject({
  tls_server_config: TlsSection.optional(),
  http_server_config: HttpSection.prefault({}),
  basic_auth_users: z.unknown().optional(),
  rate_limit: RateSection.prefault({}),
});
export type WebFile = z.infer<typeof WebFile>;

/** All keys of the format. */
export const KEYS: readonly string[] = [WebFile, TlsSection, HttpSection, Headers, RateSection].flatMap(
  ({ shape }) => Object.keys(shape),
);
