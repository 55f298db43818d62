import { snappyUncompress } from 'hyparquet';
import { eachField, signed } from '../otlp/protobuf.ts';

/** A series of a request, with its samples in the order of the message. */
export interface WrittenSeries {
  /** As `name=value`, in the order of the message. */
  readonly labels: readonly string[];
  readonly samples: readonly (readonly [at: number, value: number])[];
  /** The metric type of 2.0; 0 if it is unknown. */
  readonly type: number;
}

/** The message of a compressed body. */
export function uncompressed(body: Buffer): Buffer {
  let length = 0;
  let shift = 0;
  for (const byte of body) {
    length |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) break;
  }
  const message = Buffer.alloc(length);
  snappyUncompress(body, message);
  return message;
}

/** A `prometheus.WriteRequest`. */
export function decodeVersion1(message: Buffer): WrittenSeries[] {
  const series: WrittenSeries[] = [];
  eachField(message, (field, bytes) => {
    if (field !== 1) return;
    const labels: string[] = [];
    eachField(bytes, (part, label) => {
      if (part === 1) labels.push(textsOf(label).join('='));
    });
    series.push({ labels, samples: samplesOf(bytes), type: 0 });
  });
  return series;
}

/** An `io.prometheus.write.v2.Request`. */
export function decodeVersion2(message: Buffer): WrittenSeries[] {
  const symbols = textsOf(message, 4);
  if (symbols[0] !== '') throw new Error('the first symbol is not empty');
  const series: WrittenSeries[] = [];
  eachField(message, (field, bytes) => {
    if (field !== 5) return;
    let references: number[] = [];
    let type = 0;
    eachField(bytes, (part, inner) => {
      if (part === 1) references = varintsIn(inner);
      if (part === 5) type = typeOf(inner);
    });
    const labels = references.flatMap((name, index) =>
      index % 2 === 0 ? [`${symbols[name]}=${symbols[references[index + 1] ?? -1]}`] : [],
    );
    series.push({ labels, samples: samplesOf(bytes), type });
  });
  return series;
}

function typeOf(metadata: Buffer): number {
  let type = 0;
  eachField(metadata, (field, _, varint) => {
    if (field === 1) type = Number(varint);
  });
  return type;
}

function textsOf(message: Buffer, only?: number): string[] {
  const texts: string[] = [];
  eachField(message, (field, bytes) => {
    if (only === undefined || field === only) texts.push(bytes.toString());
  });
  return texts;
}

function samplesOf(series: Buffer): [number, number][] {
  const samples: [number, number][] = [];
  eachField(series, (field, bytes) => {
    if (field !== 2) return;
    let [at, value] = [0, 0];
    eachField(bytes, (part, fixed, varint) => {
      if (part === 1) value = fixed.readDoubleLE();
      if (part === 2) at = Number(signed(varint));
    });
    samples.push([at, value]);
  });
  return samples;
}

function varintsIn(packed: Buffer): number[] {
  const values: number[] = [];
  let [value, scale] = [0, 1];
  for (const byte of packed) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    values.push(value);
    [value, scale] = [0, 1];
  }
  return values;
}
