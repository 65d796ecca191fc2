import { defineConfig } from "nitro";

export default defineConfig({
  modules: ["workflow/nitro"],
  routes: { "/**": { handler: "./src/index.ts", format: "node" } },
  vercel: { entryFormat: "node" },
});
