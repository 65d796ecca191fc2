import { defineHandler } from "nitro";
import { answer } from "../../harness/app";

export default defineHandler(async ({ req }) => answer(await req.json()));
