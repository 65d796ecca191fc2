import { getStepMetadata, getWorkflowMetadata } from "workflow";

// The probe (deployments/app/probe.mjs) keeps its state on globalThis, because bundlers give
// the steps, the routes and the World each a copy of every module they import.
const probe = () => (globalThis as any)[Symbol.for("world-harness.probe")];

/** Runs a step's body and leaves a mark of when, and in which invocation, it ran. */
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
