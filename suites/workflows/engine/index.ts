export * from "./children";
export * from "./hooks";
export * from "./liveness";
export * from "./odd";
export * from "./program";
export * from "./streams";
export * from "./trials";
