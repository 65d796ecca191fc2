// The World that the app is built with: the subject itself, wrapped by the recorder and the nemesis.
export { createWorld } from "./wrapper.ts";
