import { defineHandler } from "nitro";
import { describeApp } from "../../harness/app";

export default defineHandler(() => describeApp());
