/** What GET /dashboard/data answers. */

import type { Ask } from "../client";
import { headers } from "../shared/credentials";

const TIMEOUT_MS = 5000;

/** A metric: its name, labels and value. */
export type Sample = readonly [name: string, labels: Readonly<Record<string, string>>, value: number];

export interface Engine {
  name: string;
  version: string;
  state: "ready" | "warming up" | "absent";
  /** What to do about one that is absent. */
  advice: string;
}

/** One take that ended. */
export interface Sound {
  /** Counts the takes of a run of the server, from 1. */
  number: number;
  /** Seconds since 1970. */
  ended_s: number;
  request_id: string;
  take: number;
  engine: string;
  /** "rain/tin_roof", the loudest first. */
  effects: string[];
  /** null where this page may not read it. */
  prompt: string | null;
  seed: number;
  object_seed: number;
  key: string | null;
  duration_s: number | null;
  first_frames_ms: number | null;
  render_ms: number | null;
  cached: "no" | "joined" | "memory" | "store" | "shared" | null;
  fallback: boolean;
  /** gRPC's: "OK", "CANCELLED", ... */
  code: string;
  reason: string | null;
  /** How to ask for the same samples; null where this page cannot. */
  again: Ask | null;
}

export interface Board {
  /** Names this run of the server. */
  run: string;
  /** Seconds since 1970, by the server's clock. */
  now_s: number;
  version: string;
  uptime_s: number;
  ready: boolean;
  engines: Engine[];
  samples: Sample[];
  /** Whether this page may read what callers asked for. */
  prompts: boolean;
  /** Number of the last sound. */
  last: number;
  /** Those after number `since`, oldest first; 100 at most. */
  sounds: Sound[];
}

/** The server answers, and asks who calls. */
export class UnknownCallerError extends Error {}

/** Returns the board, with the sounds after a number; throws when the server does not give it. */
export async function look(since: number): Promise<Board> {
  const answer = await fetch(`/dashboard/data?since=${since}`, {
    cache: "no-store",
    headers: headers(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.status === 401) throw new UnknownCallerError("the server asks who calls");
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return (await answer.json()) as Board;
}
