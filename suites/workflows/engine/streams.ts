import { getWritable } from "workflow";
import { marked } from "./bodies";

async function writePart(part: number, lines: number, last: boolean): Promise<number> {
  "use step";
  return marked("writePart", `part-${part}`, async () => {
    const writer = getWritable<Uint8Array>().getWriter();
    const encoder = new TextEncoder();
    for (let line = 0; line < lines; line++) await writer.write(encoder.encode(`${part}.${line}\n`));
    if (last) await writer.close();
    else writer.releaseLock();
    return lines;
  });
}

/** Steps that write to one stream, one after the other. */
export async function streaming(parts: number, lines: number): Promise<number> {
  "use workflow";
  let sum = 0;
  for (let part = 0; part < parts; part++) sum += await writePart(part, lines, part === parts - 1);
  return sum;
}
