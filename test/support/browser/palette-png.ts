import { crc32, deflateSync } from 'node:zlib';
import type { Page } from 'puppeteer-core';
import { z } from 'zod';

const Indexed = z.object({
  width: z.int(),
  height: z.int(),
  /** Up to 256 colors as 0xRRGGBB. */
  palette: z.array(z.int()),
  /** A byte per pixel, in base64. */
  pixels: z.string(),
});

/** Runs in the browser, which can decode a PNG. Colors beyond the palette become the nearest one in it. */
const INDEX = `async (base64) => {
  const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + base64)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const colors = Array.from({ length: width * height }, (_, at) => data[4 * at] << 16 | data[4 * at + 1] << 8 | data[4 * at + 2]);
  const counts = new Map();
  for (const color of colors) counts.set(color, (counts.get(color) ?? 0) + 1);
  // The most frequent color of each eighth of red, green and blue first, so that small areas keep their color.
  const frequent = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  const cells = new Map(frequent.toReversed().map((color) => [color & 0xe0e0e0, color]));
  const palette = [...new Set([...cells.values(), ...frequent])].slice(0, 256);
  const distance = (a, b) => Math.hypot((a >> 16) - (b >> 16), (a >> 8 & 255) - (b >> 8 & 255), (a & 255) - (b & 255));
  const nearest = (color) => palette.reduce((best, each, index) =>
    distance(each, color) < distance(palette[best], color) ? index : best, 0);
  const indexes = new Map([...counts.keys()].map((color) => [color, nearest(color)]));
  return { width, height, palette, pixels: Uint8Array.from(colors, (color) => indexes.get(color)).toBase64() };
}`;

/** The picture with a palette of 256 colors: half of what Chromium writes, and alike to the eye. */
export async function palettePng(page: Page, png: Uint8Array): Promise<Buffer> {
  const image = await page.evaluate(`(${INDEX})('${Buffer.from(png).toString('base64')}')`);
  const { width, height, palette, pixels } = Indexed.parse(image);
  const bytes = Buffer.from(pixels, 'base64');
  const rows = Array.from({ length: height }, (_, row) => bytes.subarray(row * width, (row + 1) * width));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits per pixel, with a palette
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  // A row begins with its filter; 0, which leaves it as it is, suits a palette best.
  const data = deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.from([0]), row])), { level: 9 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** https://www.w3.org/TR/png-3/#5Chunk-layout */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
