// A run's streams, read to their end by the app that runs it. Times are ms since the epoch.
import { createHash } from "node:crypto";
import { getRun } from "workflow/api";
import { probe } from "./probe.mjs";

export type StreamRequest = { namespace?: string; framed?: boolean; stamped?: boolean };

/** Reads a stream to its end while it is written. */
export async function readStream(runId: string, request: StreamRequest) {
  const options = request.namespace ? { namespace: request.namespace } : undefined;
  const chunks: { bytes: Uint8Array; atMs: number }[] = [];
  const reader = getRun(runId).getReadable<Uint8Array>(options).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push({ bytes: value, atMs: probe.now() });
  }
  return { endedAtMs: probe.now(), chunks };
}

/** Parses frames of [source index, uint32 length, bytes]. */
function digestSources(data: Uint8Array): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const hashes = [];
  for (let at = 0; at < data.length; ) {
    const source = data[at];
    const length = view.getUint32(at + 1);
    hashes[source] ??= createHash("sha256");
    hashes[source].update(data.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return hashes.map((hash) => hash.digest("hex"));
}

/** Takes apart lines of "<number>:<time>:<filling>", which may come in other pieces than written. */
function readStamps(chunks: { bytes: Uint8Array; atMs: number }[]) {
  const stamps: { writtenAtMs: number; arrivedAtMs: number }[] = [];
  const hash = createHash("sha256");
  let rest = "";
  for (const { bytes, atMs } of chunks) {
    const lines = (rest + Buffer.from(bytes).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [number, time, filling] = line.split(":");
      stamps.push({ writtenAtMs: Number(time), arrivedAtMs: atMs });
      hash.update(`${number}::${filling}\n`);
    }
  }
  return { chunks: stamps, digests: [hash.update(rest).digest("hex")] };
}

/** Returns what the harness is told: when, how much, digests, and the times of a stamped stream. */
export function summarizeStream(
  { framed, stamped }: StreamRequest,
  { endedAtMs, chunks }: Awaited<ReturnType<typeof readStream>>,
) {
  const data = Buffer.concat(chunks.map(({ bytes }) => bytes));
  const about = { firstByteAtMs: chunks[0]?.atMs, endedAtMs, bytes: data.length };
  if (stamped) return { ...about, ...readStamps(chunks) };
  return { ...about, digests: framed ? digestSources(data) : [createHash("sha256").update(data).digest("hex")] };
}
