// Does what it is told on standard input, one JSON line each, and answers CPU time and size of the result.
// One thread and no cache: the same conditions as for Pillow.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const webp = (width) => (data) => sharp(data).resize({ width, withoutEnlargement: true }).webp({ quality: 80 });

const works = {
  thumb: (data) => sharp(data).resize(300, 300, { fit: "cover" }).jpeg({ quality: 70 }),
  display: (data) =>
    sharp(data)
      .resize(2048, 2048, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 85, progressive: true }),
  w2048: webp(2048),
  w1280: webp(1280),
  w640: webp(640),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { work, source } = JSON.parse(line);
  const data = readFileSync(source);
  const before = process.cpuUsage();
  const result = await works[work](data).toBuffer();
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu_ms: (used.user + used.system) / 1000, bytes: result.length }));
}
