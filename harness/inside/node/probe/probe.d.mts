export declare const probe: {
  now(): number;
  ending(runId: string): Promise<number>;
  forgetEnding(runId: string): void;
  settle(quietMs: number, limitMs: number): Promise<boolean>;
  openLedger(): void;
  closeLedger(): unknown;
  askUncounted<T>(ask: () => T): T;
  hasEntered(runId: string): boolean;
  takeMarks(runId: string): unknown[];
};
