import { getWritable } from "workflow";
import { marked, now } from "./marks";

// Every chunk costs at least one World call; four per megabyte keep ten streams fast enough.
const CHUNK_BYTES = 262_144;

/** The bytes of a source, a pure function of seed and position that Python recomputes. */
function block(seed: number, from: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    bytes[index] = Math.imul(from + index + Math.imul(seed, 40503), 2654435761) >>> 24;
  }
  return bytes;
}

function* blocks(seed: number, total: number): Generator<Uint8Array> {
  for (let from = 0; from < total; from += CHUNK_BYTES) {
    yield block(seed, from, Math.min(CHUNK_BYTES, total - from));
  }
}

async function writeLines(count: number, width: number): Promise<void> {
  "use step";
  await marked(async () => {
    const writer = getWritable<Uint8Array>().getWriter();
    const encoder = new TextEncoder();
    for (let index = 0; index < count; index++) {
      await writer.write(encoder.encode(`${index}:`.padEnd(width - 1, "abcdefghij") + "\n"));
    }
    await writer.close();
  });
}

/** Lines of "<number>:<time of writing>:<filling>", each written when its turn has come. */
async function writePaced(count: number, width: number, paceMs: number): Promise<void> {
  "use step";
  await marked(async () => {
    const writer = getWritable<Uint8Array>().getWriter();
    const encoder = new TextEncoder();
    const beganAtMs = now();
    for (let index = 0; index < count; index++) {
      const early = beganAtMs + index * paceMs - now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const line = `${index}:${now().toFixed(3)}:`.padEnd(width - 1, "abcdefghij");
      await writer.write(encoder.encode(line + "\n"));
    }
    await writer.close();
  });
}

async function openSource(seed: number, total: number): Promise<ReadableStream<Uint8Array>> {
  "use step";
  return marked(() => {
    const source = blocks(seed, total);
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const { done, value } = source.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
  });
}

async function transform(
  input: ReadableStream<Uint8Array>,
  places: number,
): Promise<ReadableStream<Uint8Array>> {
  "use step";
  return marked(() =>
    input.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.map((byte) => byte + places));
        },
      }),
    ),
  );
}

async function publish(input: ReadableStream<Uint8Array>): Promise<void> {
  "use step";
  await marked(() => input.pipeTo(getWritable<Uint8Array>()));
}

async function writeSource(namespace: string, seed: number, total: number): Promise<void> {
  "use step";
  await marked(async () => {
    const writer = getWritable<Uint8Array>({ namespace }).getWriter();
    for (const bytes of blocks(seed, total)) await writer.write(bytes);
    await writer.close();
  });
}

/** Merges sources into frames of source index, uint32 length and bytes, so that a reader can split them. */
async function merge(inputs: ReadableStream<Uint8Array>[]): Promise<void> {
  "use step";
  await marked(async () => {
    const writer = getWritable<Uint8Array>().getWriter();
    await Promise.all(
      inputs.map(async (input, index) => {
        for await (const chunk of input as unknown as AsyncIterable<Uint8Array>) {
          const frame = new Uint8Array(5 + chunk.length);
          frame[0] = index;
          new DataView(frame.buffer).setUint32(1, chunk.length);
          frame.set(chunk, 5);
          await writer.write(frame);
        }
      }),
    );
    await writer.close();
  });
}

/** One step that writes `count` lines of `width` bytes to the run's stream. */
export async function lineStream(count: number, width: number): Promise<number> {
  "use workflow";
  await writeLines(count, width);
  return count;
}

/** One step that writes `count` lines of `width` bytes to the run's stream, one every `paceMs`. */
export async function pacedStream(count: number, width: number, paceMs: number): Promise<number> {
  "use workflow";
  await writePaced(count, width, paceMs);
  return count;
}

/** Passes `total` bytes through `count` steps; each reads the stream of the previous one. */
export async function streamPipeline(count: number, total: number, seed: number): Promise<number> {
  "use workflow";
  let stream = await openSource(seed, total);
  for (let index = 0; index < count; index++) stream = await transform(stream, 1 + index);
  await publish(stream);
  return count;
}

/** `count` steps at once, each of which writes `total` bytes to a separate stream. */
export async function parallelStreams(count: number, total: number, seed: number): Promise<number> {
  "use workflow";
  await Promise.all(
    Array.from({ length: count }, (_, index) => writeSource(`source-${index}`, seed + index, total)),
  );
  return count;
}

/** Merges `count` source streams of `total` bytes into the run's stream, in one step. */
export async function mergedStreams(count: number, total: number, seed: number): Promise<number> {
  "use workflow";
  const sources = await Promise.all(
    Array.from({ length: count }, (_, index) => openSource(seed + index, total)),
  );
  await merge(sources);
  return count;
}
