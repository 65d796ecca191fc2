export * from "./labor";
export * from "./payloads";
export * from "./steps";
export * from "./streams";
export * from "./waits";
