import type { Setting, Source } from './setting.ts';

/** What is sent, by the part of the path that a collector takes it under. */
export type SignalPath = 'v1/metrics' | 'v1/traces';

/** How the place is written that a signal is sent to. */
export interface Endpoint {
  /** For all signals: with HTTP, each has a path below it. */
  readonly base: Setting | undefined;
  /** For this signal alone: used as it is. */
  readonly own: Setting | undefined;
  /** With gRPC, no TLS where the endpoint names no scheme. */
  readonly insecure: boolean;
}

/**
 * The whole URL that a signal is sent to with HTTP; empty when it was refused.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
 */
export function httpUrl({ base, own }: Endpoint, signal: SignalPath, source: Source): string {
  const setting = own ?? base ?? { path: [], text: 'http://localhost:4318' };
  const url = urlOf(setting.text);
  if (!url) source.refuse(setting.path, 'must be a URL that starts with https:// or http://');
  if (!url || holdsUser(url, setting, source)) return '';
  url.hash = '';
  if (!own) url.pathname = `${url.pathname.replace(/\/$/, '')}/${signal}`;
  return url.href;
}

const GRPC_FORM = 'must be host:port, https://host:port or http://host:port, as the protocol is grpc';

/** Scheme, host and port of a receiver with gRPC; empty when it was refused. */
export function grpcUrl({ base, own, insecure }: Endpoint, source: Source): string {
  const setting = own ?? base ?? { path: [], text: 'http://localhost:4317' };
  const hasScheme = setting.text.includes('://');
  // A colon without a port, as in `unix:/run/otlp.sock`, is that of a scheme.
  const hasOther = !hasScheme && /:(\/|$)/.test(setting.text);
  const text = hasScheme || hasOther ? setting.text : `${insecure ? 'http' : 'https'}://${setting.text}`;
  const url = urlOf(text);
  if (!url) source.refuse(setting.path, GRPC_FORM);
  if (!url || holdsUser(url, setting, source)) return '';
  if (!['', '/'].includes(url.pathname + url.search + url.hash))
    source.pass(setting.path, 'continues after host and port, which the protocol grpc does not use');
  // Always with its port: where gRPC is given none it takes that of TLS, with TLS or without.
  return `${url.protocol}//${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}

function urlOf(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

function holdsUser(url: URL, { path }: Setting, source: Source): boolean {
  const holds = url.username !== '' || url.password !== '';
  if (holds)
    source.refuse(path, 'must not contain a user or password; put an authorization header into the headers');
  return holds;
}
