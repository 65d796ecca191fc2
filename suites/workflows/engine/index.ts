export * from "./children";
export * from "./hooks";
export * from "./odd";
export * from "./program";
export * from "./streams";
