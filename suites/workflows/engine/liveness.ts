import * as sdk from "workflow";
import { sleep } from "workflow";
import { labor, marked } from "./bodies";

type Changes = Record<string, string | undefined>;

// Not every line has attributes, and a bundler rejects any name that it sees and a module lacks. It cannot
// see a computed name.
const find = (module: object, name: string) => (module as any)[name];
const setAttributes = (changes: Changes): Promise<void> => find(sdk, "setAttributes")(changes);

async function work(key: string, ms: number): Promise<string> {
  "use step";
  return labor("work", key, { ms });
}

/** Races a step against a sleep; another step depends on the winner. Returns the winner. */
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

/** Sets attributes in the workflow and in a step, and removes one of them. */
export async function attributed(): Promise<string> {
  "use workflow";
  await setAttributes({ phase: "begun", passing: "yes" });
  await tag("stepped");
  await setAttributes({ phase: "ended", passing: undefined });
  return "done";
}
