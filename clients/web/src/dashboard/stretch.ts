/** What happened between two points: increases, rates and quantiles, as Prometheus computes them. */

import type { Point } from "./point";
import { quantile, type Buckets } from "./quantile";

const SLACK_S = 0.5; // no timer is exact

/** From one point to a later one. */
export class Stretch {
  /** The point that it ends with. */
  readonly end: Point;
  /** Its length. */
  readonly lengthS: number;

  constructor(
    private readonly start: Point,
    end: Point,
  ) {
    this.end = end;
    this.lengthS = end.atS - start.atS;
  }

  /** Returns how much the counters rose whose names begin so, and of which `wanted` is true. */
  increase(prefix: string, wanted: (labels: string[]) => boolean = () => true): number {
    let sum = 0;
    for (const [name, value] of Object.entries(this.end.counters)) {
      const [family, ...labels] = name.split("|");
      if (family === prefix && wanted(labels)) sum += value - (this.start.counters[name] ?? 0);
    }
    return sum;
  }

  /** Returns the same a second. */
  rate(prefix: string, wanted?: (labels: string[]) => boolean): number {
    return this.increase(prefix, wanted) / this.lengthS;
  }

  /** Returns one part of a whole, 0 to 1; undefined of nothing. */
  share(prefix: string, wanted: (labels: string[]) => boolean): number | undefined {
    const whole = this.increase(prefix);
    return whole > 0 ? this.increase(prefix, wanted) / whole : undefined;
  }

  /** Returns a quantile of the first frames, ms; undefined when there were none. */
  firstFramesMs(q: number): number | undefined {
    const seconds = quantile(q, this.firstFrames());
    return seconds === undefined ? undefined : seconds * 1000;
  }

  /** Returns the compute seconds for each second of audio that an engine made; undefined when it made none. */
  rtf(engine: string): number | undefined {
    const audioS = this.increase("audio_s", ([name]) => name === engine);
    return audioS > 0 ? this.increase("render_s", ([name]) => name === engine) / audioS : undefined;
  }

  private firstFrames(): Buckets {
    return Object.keys(this.end.counters)
      .filter((name) => name.startsWith("first|"))
      .map((name) => {
        const le = name.slice("first|".length);
        const count = this.end.counters[name]! - (this.start.counters[name] ?? 0);
        return [le === "+Inf" ? Infinity : Number(le), count] as const;
      })
      .sort(([one], [other]) => one - other);
  }
}

/** Returns the last `windowS` seconds, or as much of them as is known; undefined where that is nothing. */
export function lately(points: readonly Point[], windowS: number): Stretch | undefined {
  const end = points.at(-1);
  let start = points.length - 1;
  while (start > 0 && !points[start]!.afterGap && end!.atS - points[start - 1]!.atS <= windowS + SLACK_S) start -= 1;
  return end && start < points.length - 1 ? new Stretch(points[start]!, end) : undefined;
}

/**
 * Returns for each point of `points` the stretch of about `windowS` seconds that ends with it; undefined where the
 * server was not there before it, or nothing is known of then.
 */
export function stretches(points: readonly Point[], windowS: number): (Stretch | undefined)[] {
  let start = 0;
  return points.map((point, at) => {
    if (point.afterGap) start = at;
    while (start + 1 < at && point.atS - points[start + 1]!.atS >= windowS) start += 1;
    return start < at ? new Stretch(points[start]!, point) : undefined;
  });
}
