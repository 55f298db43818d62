import type { Snapshot, SnapshotSource } from '../../core/metrics/snapshot.ts';
import { type Chunks, createEncoder, type EncodedSnapshot, type Encoder } from './encode.ts';
import { type Format, negotiate, prefersGzip } from './format.ts';
import { Block, type DeflatedPrefix, deflatePrefix, gzipMember } from './gzip.ts';

/** Metrics that are rendered for each scrape, after the snapshot. */
export interface LiveMetrics {
  /** Complete families, without `# EOF`. An unchanged block is the identical object, and is not deflated again. */
  render(format: Format): Promise<readonly Block[]>;
}

/** What a scrape asks for: its `Accept` and `Accept-Encoding`. */
export interface PageRequest {
  readonly accept?: string | undefined;
  readonly acceptEncoding?: string | undefined;
}

/** An answer to one scrape. */
export interface PageAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Chunks;
  /** Call after the reader has received every byte. */
  carried(): void;
}

/** The `/metrics` page. */
export interface PrometheusPage {
  /** Does not wait for a newer snapshot: serves the previous one until the newer is complete. */
  answer(request: PageRequest): Promise<PageAnswer>;
  /** Stops following the source. */
  close(): void;
}

/** One snapshot, rendered in every form that was requested before. */
interface Rendition {
  readonly snapshot: Snapshot;
  readonly encoded: EncodedSnapshot;
  readonly prefixes: Map<Format, Promise<DeflatedPrefix>>;
}

/**
 * Renders each snapshot once, in both formats, and gzips it once per format that was ever requested gzipped. All forms switch to a
 * new snapshot at the same instant, so that no reader that alternates between them sees a counter go back.
 *
 * `upToDate` resolves once answers hold the snapshot that was current when it was called, or a newer one. Newer ones may be published
 * without end, so it does not wait for them; nor does it reject if that snapshot could not be rendered.
 *
 * Calls `onError` if a snapshot could not be rendered; the previous one is still served.
 */
export function createPrometheusPage(
  source: SnapshotSource,
  live: LiveMetrics,
  onError: (error: unknown) => void = () => {},
  encode: Encoder = createEncoder(),
): PrometheusPage & { readonly upToDate: () => Promise<void> } {
  const gzipped = new Set<Format>();
  const eof = new Block(Buffer.from('# EOF\n'));
  let served: Rendition | undefined;
  let rendering: Promise<Rendition> | undefined;

  async function render(): Promise<Rendition> {
    const snapshot = source.current();
    const rendition = { snapshot, encoded: await encode(snapshot), prefixes: new Map() };
    await Promise.all([...gzipped].map((format) => prefixOf(rendition, format)));
    served = rendition;
    return rendition;
  }

  function renderNext(): Promise<Rendition> {
    rendering ??= render().finally(() => {
      rendering = undefined;
    });
    return rendering;
  }

  async function follow(): Promise<void> {
    while (served?.snapshot.version !== source.current().version) await renderNext();
  }

  async function upToDate(): Promise<void> {
    const { version } = source.current();
    try {
      while (!served || served.snapshot.version < version) await renderNext();
    } catch {
      // The subscription reports it.
    }
  }

  return {
    async answer(request) {
      const { format, contentType } = negotiate(request.accept);
      const gzip = prefersGzip(request.acceptEncoding);
      if (gzip) gzipped.add(format);
      const blocks = await live.render(format);
      const end = format === 'openmetrics' ? [...blocks, eof] : blocks;
      const rendition = served ?? (await renderNext());
      const body = gzip
        ? await gzipMember(await prefixOf(rendition, format), end)
        : [...rendition.encoded[format], ...end.map(({ plain }) => plain)];
      return {
        headers: headersOf(contentType, gzip, body),
        body,
        carried: () => source.carried(rendition.snapshot),
      };
    },
    upToDate,
    close: source.subscribe(() => void follow().catch(onError)),
  };
}

function prefixOf(rendition: Rendition, format: Format): Promise<DeflatedPrefix> {
  const known = rendition.prefixes.get(format);
  if (known) return known;
  const prefix = deflatePrefix(rendition.encoded[format]);
  rendition.prefixes.set(format, prefix);
  return prefix;
}

function headersOf(contentType: string, gzip: boolean, body: Chunks): Record<string, string> {
  return {
    'content-type': contentType,
    'content-length': String(body.reduce((bytes, chunk) => bytes + chunk.length, 0)),
    vary: 'Accept, Accept-Encoding',
    'cache-control': 'no-store',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  };
}
