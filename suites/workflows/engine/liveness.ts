import * as sdk from "workflow";
import { sleep } from "workflow";
import { labor, marked } from "./bodies";

type Changes = Record<string, string | undefined>;

// Not every line has attributes, and bundlers refuse a name that a module lacks, wherever they see one:
// here they see none.
const find = (module: object, name: string) => (module as any)[name];
const setAttributes = (changes: Changes): Promise<void> => find(sdk, "setAttributes")(changes);

async function work(key: string, ms: number): Promise<string> {
  "use step";
  return labor("work", key, { ms });
}

/** Races a step against a sleep, and does another step that depends on who won; returns the winner. */
export async function racing(stepMs: number, sleepMs: number): Promise<string> {
  "use workflow";
  const winner = await Promise.race([
    work("racer", stepMs).then(() => "step"),
    sleep(sleepMs).then(() => "sleep"),
  ]);
  await work(`won by the ${winner}`, 0);
  return winner;
}

async function tag(key: string): Promise<void> {
  "use step";
  return marked("tag", key, () => setAttributes({ [key]: "by a step" }));
}

/** Sets attributes in the workflow and in a step, and takes one of them back. */
export async function attributed(): Promise<string> {
  "use workflow";
  await setAttributes({ phase: "begun", passing: "yes" });
  await tag("stepped");
  await setAttributes({ phase: "ended", passing: undefined });
  return "done";
}
