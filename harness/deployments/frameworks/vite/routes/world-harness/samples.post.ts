import { defineHandler } from "nitro";
import { readBody } from "nitro/h3";
import { takeSample } from "../../harness/sample";

export default defineHandler(async (event) => takeSample(await readBody(event)));
