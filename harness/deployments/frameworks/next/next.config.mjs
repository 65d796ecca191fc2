import { join } from "node:path";
import { withWorkflow } from "workflow/next";

export default withWorkflow({
  turbopack: {
    // The packages stand above the app, and Turbopack resolves nothing outside its root.
    root: join(import.meta.dirname, "../.."),
    // Line v5 writes the World's path into its own module, whence a relative one leads nowhere.
    resolveAlias: { "./harness/world.mjs": "./harness/world.mjs" },
  },
  // One build worker: each further one loads the whole app again.
  experimental: { cpus: 1 },
});
