/** The two expositions: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */
export type Format = 'text' | 'openmetrics';

/** What a reader asked for: the bytes' format and the media type they are announced as. */
export interface Negotiated {
  readonly format: Format;
  readonly contentType: string;
}

const TEXT: Negotiated = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' };

interface Preference {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1; 0 is a refusal. */
  readonly quality: number;
}

/**
 * Chooses by an `Accept` header as Prometheus sends it. Whoever asks for nothing we have, browsers included, gets text 0.0.4.
 *
 * OpenMetrics is announced as 1.0.0 only to a reader who names that version.
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiate(accept: string | undefined): Negotiated {
  const wishes = preferencesOf(accept).filter(({ quality }) => quality > 0);
  wishes.sort((a, b) => b.quality - a.quality);
  return wishes.map(offerFor).find((offer) => offer !== undefined) ?? TEXT;
}

function offerFor({ name, parameters }: Preference): Negotiated | undefined {
  const version = parameters.get('version');
  if (name === 'application/openmetrics-text') return openMetrics(version);
  if (name === '*/*' || name === 'text/*') return TEXT;
  return name === 'text/plain' && (version === undefined || version === '0.0.4') ? TEXT : undefined;
}

function openMetrics(asked: string | undefined): Negotiated | undefined {
  if (asked !== undefined && asked !== '1.0.0' && asked !== '0.0.1') return undefined;
  const version = asked ?? '0.0.1';
  return {
    format: 'openmetrics',
    contentType: `application/openmetrics-text; version=${version}; charset=utf-8`,
  };
}

/** May the answer be gzipped, and is it not liked less than plain? */
export function prefersGzip(acceptEncoding: string | undefined): boolean {
  const wishes = new Map(preferencesOf(acceptEncoding).map(({ name, quality }) => [name, quality]));
  const gzip = wishes.get('gzip') ?? wishes.get('x-gzip') ?? wishes.get('*') ?? 0;
  return gzip > 0 && gzip >= (wishes.get('identity') ?? 0);
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
