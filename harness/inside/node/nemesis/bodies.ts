// What happens inside steps: every execution of a body leaves marks, and may meet its end there.
import { currentDelivery } from "./deliveries.ts";
import { takeDue } from "./faults.ts";
import { notes } from "./notes.ts";

type Execution = { runId: string; key: string; stepId: string; attempt: number; step: string };

const KEY = Symbol.for("world-harness.bodies");

/** Runs a body; it is told how often it was entered, itself included, and how often it failed. */
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

/** Does what must be done once for a key; tells whether this was the time. */
const effect = (runId: string, key: string): boolean => {
  const first = notes.claim(`${runId} ${key}`);
  notes.write({ kind: "effect", runId, key, first });
  return first;
};

(globalThis as any)[KEY] ??= { perform, effect };
