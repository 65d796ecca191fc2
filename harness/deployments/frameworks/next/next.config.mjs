import { join } from "node:path";
import { withWorkflow } from "workflow/next";

export default withWorkflow({
  // The packages stand above the app, and Turbopack resolves nothing outside its root.
  turbopack: {
    root: join(import.meta.dirname, "../.."),
    resolveAlias: { "./harness/world.mjs": "./harness/world.mjs" },
  },
});
