export * from "./payloads";
export * from "./steps";
export * from "./streams";
