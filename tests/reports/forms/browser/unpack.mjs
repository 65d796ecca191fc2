import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [, , from, to] = process.argv;
await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
