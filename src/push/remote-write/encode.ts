import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import protobuf from 'protobufjs/minimal.js';
import type { SeriesLabels, WriteSample } from './sample.ts';

/** Versions of the protocol, the preferred one first. */
export type WriteVersion = '2.0' | '1.0';

/** A request without the headers of its target. */
export interface WriteRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protocol */
const HEADERS: Readonly<Record<WriteVersion, Readonly<Record<string, string>>>> = {
  '2.0': {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '2.0.0',
  },
  '1.0': {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  },
};

const DELIMITED = 2;
const FIXED64 = 1;
const VARINT = 0;
const METRIC_TYPE_COUNTER = 1;

/** Encodes samples, which are in order of time within each series. */
export function encodeRequest(samples: readonly WriteSample[], version: WriteVersion): WriteRequest {
  const series = Map.groupBy(samples, ({ labels }) => labels);
  const message = version === '2.0' ? encodeVersion2(series) : encodeVersion1(series);
  return { headers: HEADERS[version], body: snappyCompress(message) };
}

type SamplesBySeries = ReadonlyMap<SeriesLabels, readonly WriteSample[]>;

/** A `prometheus.WriteRequest`: https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto */
function encodeVersion1(series: SamplesBySeries): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [labels, samples] of series) {
    open(writer, 1);
    for (const [name, value] of labels) {
      open(writer, 1);
      tag(writer, 1, DELIMITED).string(name);
      tag(writer, 2, DELIMITED).string(value);
      writer.ldelim();
    }
    writeSamples(writer, samples);
    writer.ldelim();
  }
  return writer.finish();
}

/** An `io.prometheus.write.v2.Request`: https://github.com/prometheus/prometheus/blob/main/prompb/io/prometheus/write/v2/types.proto */
function encodeVersion2(series: SamplesBySeries): Uint8Array {
  const symbols = symbolsOf([...series.keys()]);
  const writer = protobuf.Writer.create();
  for (const symbol of symbols.keys()) tag(writer, 4, DELIMITED).string(symbol);
  for (const [labels, samples] of series) {
    open(writer, 5);
    open(writer, 1);
    for (const text of labels.flat()) writer.uint32(symbols.get(text) ?? 0);
    writer.ldelim();
    writeSamples(writer, samples);
    open(writer, 5);
    tag(writer, 1, VARINT).int32(METRIC_TYPE_COUNTER);
    writer.ldelim();
    writer.ldelim();
  }
  return writer.finish();
}

/** Each text and its index. The first one must be empty. */
function symbolsOf(series: readonly SeriesLabels[]): ReadonlyMap<string, number> {
  const texts = new Set(['', ...series.flat(2)]);
  return new Map([...texts].map((text, index) => [text, index]));
}

/** Both versions have samples in field 2, in the same form. */
function writeSamples(writer: protobuf.Writer, samples: readonly WriteSample[]): void {
  for (const { at, value } of samples) {
    open(writer, 2);
    tag(writer, 1, FIXED64).double(value);
    tag(writer, 2, VARINT).int64(at);
    writer.ldelim();
  }
}

/** Begins a message within a message, which `ldelim` ends. */
function open(writer: protobuf.Writer, field: number): void {
  tag(writer, field, DELIMITED).fork();
}

function tag(writer: protobuf.Writer, field: number, wireType: number): protobuf.Writer {
  return writer.uint32((field << 3) | wireType);
}
