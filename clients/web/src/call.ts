/** How calls are made: with a deadline, an end, and one kind of error. */

import type { CallOptions as RpcOptions } from "@connectrpc/connect";

import { SwashError } from "./error";

/** What may be said of any call. */
export interface CallOptions {
  /** Ends the call from the caller's side: the server stops what nobody waits for. */
  signal?: AbortSignal;
  /** The deadline; else that of the client. */
  timeoutMs?: number;
}

/** What every call has by then. */
export interface Deadline {
  signal?: AbortSignal;
  /** 0: none. */
  timeoutMs: number;
}

/** Returns what a call of one answer returns. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (reason) {
    throw SwashError.from(reason);
  }
}

/** Yields what a streaming call answers; leaving the loop ends the call. */
export async function* streamed<T>(
  call: (options: RpcOptions) => AsyncIterable<T>,
  { signal, timeoutMs }: Deadline,
): AsyncGenerator<T, void, undefined> {
  const leaving = new AbortController();
  const either = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
  try {
    yield* call({ signal: either, timeoutMs });
  } catch (reason) {
    throw SwashError.from(reason);
  } finally {
    leaving.abort();
  }
}
