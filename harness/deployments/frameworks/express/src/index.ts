import express from "express";
import { describeApp, answer } from "../harness/app";

const app = express();
app.use(express.json({ limit: "16mb" }));

app.get("/world-harness/app", async (_request, response) => {
  response.json(await describeApp());
});

app.post("/world-harness/requests", async (request, response) => {
  response.json(await answer(request.body));
});

export default app;
