export * from "./children";
export * from "./hooks";
export * from "./liveness";
export * from "./odd";
export * from "./outcomes";
export * from "./program";
export * from "./streams";
export * from "./trials";
