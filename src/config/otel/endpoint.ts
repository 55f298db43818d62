import type { Setting, SettingsSource } from './setting.ts';

/** A signal, by its path at a collector. */
export type SignalPath = 'v1/metrics' | 'v1/traces';

/** The endpoint of a signal as configured. */
export interface Endpoint {
  /** For all signals: with HTTP, the path of the signal is appended. */
  readonly base: Setting | undefined;
  /** For this signal only: used as it is. */
  readonly own: Setting | undefined;
  /** With gRPC, no TLS if the endpoint has no scheme. */
  readonly insecure: boolean;
}

/**
 * The URL that a signal is sent to over HTTP; empty if it was refused.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
 */
export function httpUrl({ base, own }: Endpoint, signal: SignalPath, source: SettingsSource): string {
  const url = plainUrl(own ?? base ?? { path: [], text: 'http://localhost:4318' }, source);
  if (url && !own) url.pathname = `${url.pathname.replace(/\/$/, '')}/${signal}`;
  return url?.href ?? '';
}

/** A URL over HTTP, without its fragment; undefined if it was refused. */
export function plainUrl(setting: Setting, source: SettingsSource): URL | undefined {
  const url = urlOf(setting.text);
  if (!url) source.refuse(setting.path, 'must be a URL that starts with https:// or http://');
  if (!url || refuseUser(url, setting, source)) return undefined;
  url.hash = '';
  return url;
}

const GRPC_FORM = 'must be host:port, https://host:port or http://host:port, as the protocol is grpc';

/** Scheme, host and port of a gRPC receiver; empty if they were refused. */
export function grpcUrl({ base, own, insecure }: Endpoint, source: SettingsSource): string {
  const setting = own ?? base ?? { path: [], text: 'http://localhost:4317' };
  const hasScheme = setting.text.includes('://');
  // A colon without a port ends a scheme, as in `unix:/run/otlp.sock`.
  const hasOtherScheme = !hasScheme && /:(\/|$)/.test(setting.text);
  const text =
    hasScheme || hasOtherScheme ? setting.text : `${insecure ? 'http' : 'https'}://${setting.text}`;
  const url = urlOf(text);
  if (!url) source.refuse(setting.path, GRPC_FORM);
  if (!url || refuseUser(url, setting, source)) return '';
  if (!['', '/'].includes(url.pathname + url.search + url.hash))
    source.ignore(setting.path, 'continues after host and port, which the protocol grpc does not use');
  // Always with a port: gRPC would default to that of TLS, even without TLS.
  return `${url.protocol}//${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}

function urlOf(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** Refuses a URL with credentials; true if it has any. */
function refuseUser(url: URL, { path }: Setting, source: SettingsSource): boolean {
  const hasUser = url.username !== '' || url.password !== '';
  if (hasUser)
    source.refuse(path, 'must not contain a user or password; put an authorization header into the headers');
  return hasUser;
}
