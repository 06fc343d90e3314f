/** What the page keeps of the server at one moment: the metrics it draws, and few of their labels. */

import type { Sample } from "./data";

/** Numbers by name; a name has its labels behind it: "calls|Render|OK". */
export type Numbers = Record<string, number>;

export interface Point {
  /** Seconds since 1970, by the server's clock. */
  atS: number;
  /** The server was not there between the point before and this one. */
  afterGap: boolean;
  /** Only rise: what a server counted before it was started anew is in them. */
  counters: Numbers;
  gauges: Numbers;
}

type Labels = Readonly<Record<string, string>>;

const COUNTERS: Record<string, (labels: Labels) => string> = {
  swash_calls_total: ({ method, code }) => `calls|${method}|${code}`,
  swash_first_frames_seconds_bucket: ({ le }) => `first|${le}`,
  swash_cache_lookups_total: ({ cached }) => `found|${cached}`,
  swash_render_seconds_sum: ({ engine }) => `render_s|${engine}`,
  swash_audio_seconds_total: ({ engine }) => `audio_s|${engine}`,
  swash_refused_total: () => "refused",
  swash_fallbacks_total: () => "fallbacks",
  swash_quality_failures_total: () => "unfit",
  swash_live_underruns_total: () => "underruns",
};

const GAUGES: Record<string, (labels: Labels) => string> = {
  swash_recording_sounds: () => "recording",
  swash_recording_limit_sounds: () => "recording_limit",
  swash_waiting_sounds: () => "waiting",
  swash_waiting_limit_sounds: () => "waiting_limit",
  swash_behind_sounds: () => "behind",
  swash_live_sessions: () => "sessions",
  swash_live_voices: () => "voices",
  swash_cache_bytes: ({ tier }) => `cache|${tier}`,
  process_resident_memory_bytes: () => "resident",
};

/** Returns what samples say, summed over the labels that the page does not tell apart. */
export function read(samples: readonly Sample[]): { counters: Numbers; gauges: Numbers } {
  const counters: Numbers = {};
  const gauges: Numbers = {};
  for (const [name, labels, value] of samples) {
    add(counters, COUNTERS[name]?.(labels), value);
    add(gauges, GAUGES[name]?.(labels), value);
  }
  return { counters, gauges };
}

function add(numbers: Numbers, name: string | undefined, value: number): void {
  if (name !== undefined) numbers[name] = (numbers[name] ?? 0) + value;
}
