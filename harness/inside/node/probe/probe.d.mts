export declare const probe: {
  now(): number;
  ending(runId: string): Promise<number>;
  forgetEnding(runId: string): void;
  settle(quietMs: number, limitMs: number): Promise<boolean>;
  openLedger(): void;
  closeLedger(): unknown;
  takeMarks(runId: string): unknown[];
};
