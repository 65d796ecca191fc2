import { defineHandler } from "nitro";
import { takeSample } from "../../harness/sample";

export default defineHandler(async ({ req }) => takeSample(await req.json()));
