import { createHook } from "workflow";
import { marked, pause } from "./bodies";

/** The step body and execution that a result is of; `heard` is its input. */
export type Told = { key: string; execution: number; heard: Told[] };

async function tell(key: string, heard: Told[], ms: number): Promise<Told> {
  "use step";
  return marked("tell", key, async (entered) => {
    await pause(ms);
    return { key, execution: entered, heard };
  });
}

/** Runs parts of parallel steps, each given the results of the part before; returns them all. */
export async function telling(parts: number, width: number, ms: number): Promise<Told[][]> {
  "use workflow";
  const told: Told[][] = [];
  for (let part = 0; part < parts; part++) {
    const heard = (told.at(-1) ?? []).map(({ key, execution }) => ({ key, execution, heard: [] }));
    const places = Array.from({ length: width }, (_, place) => place);
    told.push(await Promise.all(places.map((place) => tell(`${part}.${place}`, heard, ms))));
  }
  return told;
}

type Drawn = [random: number, clock: number, id: string];

async function keep(key: string, drawn: Drawn): Promise<Drawn> {
  "use step";
  return marked("keep", key, () => drawn);
}

/**
 * Draws a number, the time and an id, and stores them in a step, a number of times. Then waits for a
 * payload, and draws once more. Returns the values that differ between the last replay and the steps.
 */
export async function drawing(times: number, token: string): Promise<string[]> {
  "use workflow";
  const changed: string[] = [];
  const draw = async (key: string) => {
    const drawn: Drawn = [Math.random(), Date.now(), crypto.randomUUID()];
    const kept = await keep(key, drawn);
    if (JSON.stringify(kept) !== JSON.stringify(drawn)) changed.push(`${key}: kept ${kept}, drew ${drawn}`);
  };
  for (let time = 0; time < times; time++) await draw(`draw-${time}`);
  await createHook<unknown>({ token });
  await draw("last");
  return changed;
}
