import { eachField, readFixed64, signed } from './protobuf.ts';

/** A decoded `ExportMetricsServiceRequest`, from protobuf or JSON. */
export interface OtlpBody {
  readonly resource: Attributes;
  readonly metrics: OtlpMetric[];
}

export interface OtlpMetric {
  /** Name of the instrumentation scope. */
  readonly scope: string;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: 'sum' | 'gauge' | 'histogram' | 'none';
  /** `none` for gauges. */
  readonly temporality: 'cumulative' | 'delta' | 'none';
  readonly monotonic: boolean;
  readonly points: OtlpPoint[];
}

export interface OtlpPoint {
  readonly attributes: Attributes;
  /** Milliseconds since the epoch; 0 if absent. */
  readonly start: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Of sums and gauges. */
  readonly value?: number;
  readonly histogram?: OtlpHistogram;
}

export interface OtlpHistogram {
  readonly count: number;
  readonly sum: number | undefined;
  readonly bounds: number[];
  readonly counts: number[];
}

export type Attributes = Record<string, string | number | boolean>;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const TEMPORALITIES = ['none', 'delta', 'cumulative'] as const;

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto */
export function readProtobuf(bytes: Buffer): OtlpBody {
  const body: OtlpBody = { resource: {}, metrics: [] };
  eachField(bytes, (_request, resourceMetrics) =>
    eachField(resourceMetrics, (field, part) => {
      if (field === 1) Object.assign(body.resource, attributesIn(part, 1));
      if (field === 2) body.metrics.push(...scopeMetrics(part));
    }),
  );
  return body;
}

function scopeMetrics(bytes: Buffer): OtlpMetric[] {
  const metrics: OtlpMetric[] = [];
  let scope = '';
  eachField(bytes, (field, part) => {
    if (field === 1) eachField(part, (name, text) => (scope = name === 1 ? text.toString() : scope));
    if (field === 2) metrics.push(metric(part, scope));
  });
  return metrics;
}

const KINDS: Readonly<Record<number, 'gauge' | 'sum' | 'histogram'>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
};

function metric(bytes: Buffer, scope: string): OtlpMetric {
  const found: Mutable<OtlpMetric> = { ...EMPTY, scope, points: [] };
  eachField(bytes, (field, part) => {
    if (field === 1) found.name = part.toString();
    if (field === 2) found.description = part.toString();
    if (field === 3) found.unit = part.toString();
    const kind = KINDS[field];
    if (kind) readData(found, kind, part);
  });
  return found;
}

const EMPTY = {
  name: '',
  description: '',
  unit: '',
  kind: 'none',
  temporality: 'none',
  monotonic: false,
} as const;

function readData(found: Mutable<OtlpMetric>, kind: OtlpMetric['kind'], bytes: Buffer): void {
  found.kind = kind;
  eachField(bytes, (field, part, varint) => {
    if (field === 1) found.points.push(kind === 'histogram' ? histogramPoint(part) : numberPoint(part));
    if (field === 2) found.temporality = TEMPORALITIES[Number(varint)] ?? 'none';
    if (field === 3) found.monotonic = varint === 1n;
  });
}

function numberPoint(bytes: Buffer): OtlpPoint {
  const point: Mutable<OtlpPoint> = { attributes: {}, start: 0, time: 0 };
  eachField(bytes, (field, part) => {
    if (field === 2) point.start = milliseconds(part.readBigUInt64LE());
    if (field === 3) point.time = milliseconds(part.readBigUInt64LE());
    if (field === 4) point.value = part.readDoubleLE();
    if (field === 6) point.value = Number(part.readBigInt64LE());
    if (field === 7) readAttribute(part, point.attributes);
  });
  return point;
}

function histogramPoint(bytes: Buffer): OtlpPoint {
  const histogram: Mutable<OtlpHistogram> = { count: 0, sum: undefined, bounds: [], counts: [] };
  const point: Mutable<OtlpPoint> = { attributes: {}, start: 0, time: 0, histogram };
  eachField(bytes, (field, part) => {
    if (field === 2) point.start = milliseconds(part.readBigUInt64LE());
    if (field === 3) point.time = milliseconds(part.readBigUInt64LE());
    if (field === 4) histogram.count = Number(part.readBigUInt64LE());
    if (field === 5) histogram.sum = part.readDoubleLE();
    if (field === 6) histogram.counts = readFixed64(part, (packed, at) => Number(packed.readBigUInt64LE(at)));
    if (field === 7) histogram.bounds = readFixed64(part, (packed, at) => packed.readDoubleLE(at));
    if (field === 9) readAttribute(part, point.attributes);
  });
  return point;
}

function attributesIn(bytes: Buffer, attributesField: number): Attributes {
  const attributes: Attributes = {};
  eachField(bytes, (field, part) => field === attributesField && readAttribute(part, attributes));
  return attributes;
}

function readAttribute(bytes: Buffer, into: Attributes): void {
  let key = '';
  // An AnyValue without a field, as the library writes null; a receiver takes it for absent.
  let value: string | number | boolean | undefined;
  eachField(bytes, (field, part) => {
    if (field === 1) key = part.toString();
    if (field === 2) value = anyValue(part);
  });
  if (value !== undefined) into[key] = value;
}

function anyValue(bytes: Buffer): string | number | boolean | undefined {
  let value: string | number | boolean | undefined;
  eachField(bytes, (field, part, varint) => {
    if (field === 1) value = part.toString();
    if (field === 2) value = varint === 1n;
    if (field === 3) value = Number(signed(varint));
    if (field === 4) value = part.readDoubleLE();
  });
  return value;
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: 64-bit integers are strings or numbers. */
type Int64 = string | number;

interface JsonAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: Int64;
    readonly doubleValue?: number;
  };
}

interface JsonPoint {
  readonly attributes?: JsonAttribute[];
  readonly startTimeUnixNano?: Int64;
  readonly timeUnixNano?: Int64;
  readonly asDouble?: number;
  readonly asInt?: Int64;
  readonly count?: Int64;
  readonly sum?: number;
  readonly bucketCounts?: Int64[];
  readonly explicitBounds?: number[];
}

interface JsonData {
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
  readonly dataPoints?: JsonPoint[];
}

interface JsonMetric {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly sum?: JsonData;
  readonly gauge?: JsonData;
  readonly histogram?: JsonData;
}

interface JsonBody {
  readonly resourceMetrics: {
    readonly resource?: { readonly attributes?: JsonAttribute[] };
    readonly scopeMetrics?: {
      readonly scope?: { readonly name?: string };
      readonly metrics?: JsonMetric[];
    }[];
  }[];
}

export function readJson(bytes: Buffer): OtlpBody {
  const body: JsonBody = JSON.parse(bytes.toString());
  return {
    resource: Object.assign({}, ...body.resourceMetrics.map(({ resource }) => plain(resource?.attributes))),
    metrics: body.resourceMetrics
      .flatMap(({ scopeMetrics = [] }) => scopeMetrics)
      .flatMap(({ scope, metrics = [] }) => metrics.map((each) => metricOfJson(each, scope?.name ?? ''))),
  };
}

function metricOfJson(json: JsonMetric, scope: string): OtlpMetric {
  const kind = json.sum ? 'sum' : json.gauge ? 'gauge' : json.histogram ? 'histogram' : 'none';
  const {
    aggregationTemporality = 0,
    isMonotonic,
    dataPoints = [],
  } = json.sum ?? json.gauge ?? json.histogram ?? {};
  return {
    scope,
    name: json.name,
    description: json.description ?? '',
    unit: json.unit ?? '',
    kind,
    temporality: TEMPORALITIES[aggregationTemporality] ?? 'none',
    monotonic: isMonotonic ?? false,
    points: dataPoints.map((point) => pointOfJson(point, kind)),
  };
}

function pointOfJson(point: JsonPoint, kind: OtlpMetric['kind']): OtlpPoint {
  return {
    attributes: plain(point.attributes),
    start: milliseconds(BigInt(point.startTimeUnixNano ?? 0)),
    time: milliseconds(BigInt(point.timeUnixNano ?? 0)),
    ...(kind === 'histogram' ? { histogram: histogramOfJson(point) } : valueOfJson(point)),
  };
}

function valueOfJson({ asDouble, asInt }: JsonPoint): Pick<OtlpPoint, 'value'> {
  const value = asDouble ?? asInt;
  return value === undefined ? {} : { value: Number(value) };
}

function histogramOfJson({ count, sum, explicitBounds, bucketCounts }: JsonPoint): OtlpHistogram {
  return {
    count: Number(count ?? 0),
    sum,
    bounds: explicitBounds ?? [],
    counts: (bucketCounts ?? []).map(Number),
  };
}

function plain(attributes: readonly JsonAttribute[] = []): Attributes {
  const into: Attributes = {};
  for (const { key, value } of attributes) {
    const found = value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.intValue;
    if (found !== undefined) into[key] = value.intValue === undefined ? found : Number(found);
  }
  return into;
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6;
}
