import { Hono } from "hono";
import { describeApp, answer } from "../harness/app";

const app = new Hono();

app.get("/world-harness/app", async (context) => context.json(await describeApp()));

app.post("/world-harness/requests", async (context) =>
  context.json(await answer(await context.req.json())),
);

export default app;
