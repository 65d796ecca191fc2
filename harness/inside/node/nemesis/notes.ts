// The app's records for the harness: one JSON line per record, on disk before the app continues, so
// that a SIGKILL loses nothing. Counters and effects are small files in the same folder. All of it
// is outside the World, so that nothing is lost here when a World loses data.
import { appendFileSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Entry = { kind: string; runId?: string; [field: string]: unknown };

type Notes = {
  folder: string;
  write(entry: Entry): void;
  read(): Entry[];
  count(name: string): number;
  tally(name: string): number;
  claim(name: string): boolean;
};

/** Milliseconds since the epoch, sub-millisecond, from the process's monotonic clock. */
export const now = () => performance.timeOrigin + performance.now();

const fileName = (name: string) => encodeURIComponent(name).replaceAll("*", "%2A");

function openNotes(): Notes {
  // A remote deployment has no folder from the harness: it uses its own, and is asked for the records.
  const folder = process.env.WORLD_HARNESS_NOTES || mkdtempSync(join(tmpdir(), "world-harness-notes-"));
  for (const name of ["tallies", "effects"]) mkdirSync(join(folder, name), { recursive: true });
  const journal = openSync(join(folder, `journal-${process.pid}.jsonl`), "a");
  let order = 0;
  return {
    folder,

    write(entry) {
      const line = { atMs: now(), pid: process.pid, order: order++, ...entry };
      writeSync(journal, `${JSON.stringify(line)}\n`);
    },

    read() {
      const names = readdirSync(folder).filter((name) => name.startsWith("journal-"));
      return names.flatMap((name) =>
        readFileSync(join(folder, name), "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      );
    },

    /** Adds one and returns the sum over all processes, dead ones included. */
    count(name) {
      const path = join(folder, "tallies", fileName(name));
      appendFileSync(path, ".");
      return readFileSync(path).length;
    },

    /** Returns the sum without adding to it. */
    tally(name) {
      const path = join(folder, "tallies", fileName(name));
      return existsSync(path) ? readFileSync(path).length : 0;
    },

    /** Tells whether the caller is the first to claim a name. */
    claim(name) {
      const path = join(folder, "effects", fileName(name));
      if (existsSync(path)) return false;
      try {
        closeSync(openSync(path, "wx"));
        return true;
      } catch {
        return false;
      }
    },
  };
}

const KEY = Symbol.for("world-harness.notes");

// One state per process, even if a bundler copies this module.
export const notes: Notes = ((globalThis as any)[KEY] ??= openNotes());
