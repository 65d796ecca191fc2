// Step bodies: every execution leaves marks in the journal, and faults can kill it there.
import { currentDelivery } from "./deliveries.ts";
import { takeDue } from "./faults.ts";
import { notes } from "./notes.ts";

type Execution = { runId: string; key: string; stepId: string; attempt: number; step: string };

const KEY = Symbol.for("world-harness.bodies");

/** Runs a body with two arguments: how often it was entered, this time included, and has failed. */
async function perform<T>(
  execution: Execution,
  body: (entered: number, failed: number) => Promise<T> | T,
): Promise<T> {
  const { runId, key, step } = execution;
  const entered = notes.count(`${runId} ${key} entered`);
  const mark = { ...execution, execution: `${process.pid}-${entered}`, delivery: currentDelivery() };
  notes.write({ kind: "entered", ...mark });
  for (const fault of takeDue(runId, { on: "body", step }))
    if (fault.do === "kill") process.kill(process.pid, "SIGKILL");
  try {
    const result = await body(entered, notes.tally(`${runId} ${key} failed`));
    notes.write({ kind: "left", ...mark });
    return result;
  } catch (error) {
    notes.count(`${runId} ${key} failed`);
    notes.write({ kind: "failed", ...mark, error: String(error) });
    throw error;
  }
}

/** Performs the effect that must happen once per key; returns whether this call did it. */
const effect = (runId: string, key: string): boolean => {
  const first = notes.claim(`${runId} ${key}`);
  notes.write({ kind: "effect", runId, key, first });
  return first;
};

(globalThis as any)[KEY] ??= { perform, effect };
