import { Hono } from "hono";
import { describeApp, takeSample } from "../harness/sample";

const app = new Hono();

app.get("/world-harness/app", async (context) => context.json(await describeApp()));

app.post("/world-harness/samples", async (context) =>
  context.json(await takeSample(await context.req.json())),
);

export default app;
