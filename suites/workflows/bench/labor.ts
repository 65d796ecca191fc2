import { marked } from "./marks";

async function labor(value: number, ms: number): Promise<number> {
  "use step";
  return marked(async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return value;
  });
}

/** Steps 0..count-1, one after the other, whose bodies take `ms` each; returns their sum. */
export async function laboringSteps(count: number, ms: number): Promise<number> {
  "use workflow";
  let sum = 0;
  for (let index = 0; index < count; index++) sum += await labor(index, ms);
  return sum;
}
