import type { Snapshot, SnapshotSource } from '../../core/metrics/snapshot.ts';
import { type Chunks, createEncoder, type EncodedSnapshot, type Encoder } from './encode.ts';
import { type Format, negotiate, prefersGzip } from './format.ts';
import { type DeflatedPrefix, deflateEnd, deflatePrefix, gzipMember } from './gzip.ts';

/** What is rendered anew for each scrape and put behind the snapshot's bytes. */
export interface LiveMetrics {
  /** Whole families, without `# EOF`. The same buffer again means the same bytes. */
  render(format: Format): Promise<Buffer>;
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
  /** To be called once a reader has been given every byte. */
  carried(): void;
}

/** The `/metrics` page. */
export interface PrometheusPage {
  /** Does not wait for a newer snapshot: until that is rendered whole, the one before is served. */
  answer(request: PageRequest): Promise<PageAnswer>;
  /** Stops following the source. */
  close(): void;
}

/** One snapshot, ready to be written in every form that was asked for before. */
interface Rendition {
  readonly snapshot: Snapshot;
  readonly encoded: EncodedSnapshot;
  readonly prefixes: Map<Format, Promise<DeflatedPrefix>>;
}

/** What closes a page: the live families and, in OpenMetrics, `# EOF`. */
interface End {
  readonly live: Buffer;
  readonly plain: Buffer;
  readonly deflated: Promise<Buffer>;
}

/**
 * Renders each snapshot once, in both formats, and gzips it once per format that was ever asked for gzipped. All forms change
 * to a new snapshot in the same instant, so that no reader who alternates between them sees a counter go back.
 *
 * `onError` hears of a snapshot that could not be rendered; the one before is served on.
 */
export function createPrometheusPage(
  source: SnapshotSource,
  live: LiveMetrics,
  onError: (error: unknown) => void = () => {},
  encode: Encoder = createEncoder(),
): PrometheusPage {
  const gzipped = new Set<Format>();
  const endOf = createEnds(live);
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

  return {
    async answer(request) {
      const { format, contentType } = negotiate(request.accept);
      const gzip = prefersGzip(request.acceptEncoding);
      if (gzip) gzipped.add(format);
      const end = await endOf(format);
      const rendition = served ?? (await renderNext());
      const body = gzip ? await zipped(rendition, format, end) : [...rendition.encoded[format], end.plain];
      return {
        headers: headersOf(contentType, gzip, body),
        body,
        carried: () => source.carried(rendition.snapshot),
      };
    },
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

async function zipped(rendition: Rendition, format: Format, end: End): Promise<Chunks> {
  return gzipMember(await prefixOf(rendition, format), end.plain, await end.deflated);
}

/** So many bytes of live families, those of some 250 accounts, take long to render and to gzip while all of them are polled. */
const LARGE_BYTES = 4 * 1024 * 1024;
/** A scrape then gets the page of one that came at most this long before, while the next page is made. */
const LARGE_AGE_MS = 5000;

function createEnds(live: LiveMetrics): (format: Format) => Promise<End> {
  const ends = new Map<Format, { readonly end: End; readonly at: number }>();
  const making = new Set<Format>();
  const make = async (format: Format): Promise<End> => {
    const at = performance.now();
    const bytes = await live.render(format);
    const known = ends.get(format)?.end;
    const end = known?.live === bytes ? known : endWith(bytes, format);
    ends.set(format, { end, at });
    return end;
  };
  const makeNext = async (format: Format): Promise<void> => {
    if (making.has(format)) return;
    making.add(format);
    try {
      await make(format);
    } finally {
      making.delete(format);
    }
  };
  return async (format) => {
    const known = ends.get(format);
    const isLarge = known !== undefined && known.end.plain.length > LARGE_BYTES;
    if (!isLarge || performance.now() - known.at > LARGE_AGE_MS) return make(format);
    // What fails is told once the last is too old.
    makeNext(format).catch(() => undefined);
    return known.end;
  };
}

function endWith(live: Buffer, format: Format): End {
  const plain = format === 'openmetrics' ? Buffer.concat([live, EOF]) : live;
  return { live, plain, deflated: deflateEnd(plain) };
}

const EOF = Buffer.from('# EOF\n');

function headersOf(contentType: string, gzip: boolean, body: Chunks): Record<string, string> {
  return {
    'content-type': contentType,
    'content-length': String(body.reduce((bytes, chunk) => bytes + chunk.length, 0)),
    vary: 'Accept, Accept-Encoding',
    'cache-control': 'no-store',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  };
}
