/** What waits for what. */

import type { SwashError } from "./error";

/** A promise that is settled from outside; only the first time counts. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  settled: boolean;
  resolve(value: T): void;
  reject(error: SwashError): void;
}

/** Returns a promise to settle later. */
export function defer<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: SwashError) => void;
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  promise.catch(() => undefined); // who does not wait for an answer need not catch it
  const deferred: Deferred<T> = {
    promise,
    settled: false,
    resolve(value) {
      deferred.settled = true;
      resolve(value);
    },
    reject(error) {
      deferred.settled = true;
      reject(error);
    },
  };
  return deferred;
}

/** Wakes who waits for it; rung while nobody does, it wakes the next at once. */
export class Bell {
  private waiting: (() => void) | undefined;
  private isRung = false;

  ring(): void {
    this.isRung = true;
    this.waiting?.();
  }

  async rung(): Promise<void> {
    if (!this.isRung) await new Promise<void>((wake) => (this.waiting = wake));
    this.waiting = undefined;
    this.isRung = false;
  }
}

/** Waits, but not longer than until the signal. */
export function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, waitMs);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}
