import { defineHandler } from "nitro";
import { describeApp } from "../../../harness/sample";

export default defineHandler(() => describeApp());
