import { getStepMetadata, getWorkflowMetadata } from "workflow";

// The probe (harness/inside/node/probe) keeps its state on globalThis, because bundlers give the steps,
// the routes and the World separate copies of every module they import.
const probe = () => (globalThis as any)[Symbol.for("world-harness.probe")];

/** Milliseconds since the epoch, by the clock that marks are taken with. */
export const now = (): number => probe()?.now() ?? Date.now();

/** Runs a step's body, and records when and in which invocation it ran. */
export async function marked<T>(body: () => T | Promise<T>): Promise<T> {
  const { stepId, attempt } = getStepMetadata();
  const { workflowRunId } = getWorkflowMetadata();
  const leave = probe()?.enterStep(workflowRunId, stepId, attempt);
  try {
    return await body();
  } finally {
    leave?.();
  }
}
