/** The two expositions: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */
export type Format = 'text' | 'openmetrics';

/** The format of an answer, and its media type. */
export interface Negotiated {
  readonly format: Format;
  readonly contentType: string;
}

const TEXT: Negotiated = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' };

interface Preference {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1; 0 excludes it. */
  readonly quality: number;
}

/**
 * Chooses the format by an `Accept` header. The fallback, also for browsers, is text 0.0.4.
 *
 * The answer is OpenMetrics 1.0.0 only if the header names that version.
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiate(accept: string | undefined): Negotiated {
  const preferences = preferencesOf(accept).filter(({ quality }) => quality > 0);
  preferences.sort((a, b) => b.quality - a.quality);
  return preferences.map(offerFor).find((offer) => offer !== undefined) ?? TEXT;
}

function offerFor({ name, parameters }: Preference): Negotiated | undefined {
  const version = parameters.get('version');
  if (name === 'application/openmetrics-text') return openMetrics(version);
  if (name === '*/*' || name === 'text/*') return TEXT;
  return name === 'text/plain' && (version === undefined || version === '0.0.4') ? TEXT : undefined;
}

function openMetrics(requested: string | undefined): Negotiated | undefined {
  if (requested !== undefined && requested !== '1.0.0' && requested !== '0.0.1') return undefined;
  const version = requested ?? '0.0.1';
  return {
    format: 'openmetrics',
    contentType: `application/openmetrics-text; version=${version}; charset=utf-8`,
  };
}

/** Whether the answer may be gzipped, and plain is not preferred. */
export function prefersGzip(acceptEncoding: string | undefined): boolean {
  const qualities = new Map(preferencesOf(acceptEncoding).map(({ name, quality }) => [name, quality]));
  const gzip = qualities.get('gzip') ?? qualities.get('x-gzip') ?? qualities.get('*') ?? 0;
  return gzip > 0 && gzip >= (qualities.get('identity') ?? 0);
}

function preferencesOf(header: string | undefined): Preference[] {
  return (header ?? '')
    .split(',')
    .map((entry) => entry.split(';').map((part) => part.trim()))
    .filter(([name]) => name)
    .map(([name = '', ...rest]) => {
      const parameters = new Map(rest.map(parameterOf));
      return { name: name.toLowerCase(), parameters, quality: qualityOf(parameters.get('q')) };
    });
}

function parameterOf(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2).map((part) => part.trim());
  return [name.toLowerCase(), value.replace(/^"(.*)"$/, '$1')];
}

function qualityOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
