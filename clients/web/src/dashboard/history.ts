/** An hour of points: every second of the last minutes, fewer before, kept while the page's session lasts. */

import type { Board } from "./data";
import { read, type Numbers, type Point } from "./point";

export const HISTORY_S = 3600;
const DENSE_S = 330; // the shortest range that is drawn, and its window
const SPARSE_S = 5; // between points before that
const ABSENT_S = 90; // that nobody looked: a hidden page may look only once a minute
const KEY = "swash.dashboard.history.1";
const DECIMALS = 1e6;

/** Takes what the server tells, and gives it back over time. */
export class History {
  private points: Point[] = [];
  private raw: Numbers = {};
  private run = "";
  private away = false;

  constructor(private readonly storage: Storage | undefined) {
    this.restore();
  }

  /** The points, oldest first. */
  get all(): readonly Point[] {
    return this.points;
  }

  /** Returns how much the server has counted since it was started, of the counters whose names begin so. */
  counted(prefix: string): number {
    const names = Object.keys(this.raw).filter((name) => name.split("|")[0] === prefix);
    return names.reduce((sum, name) => sum + this.raw[name]!, 0);
  }

  /** Notes that the server was not there. */
  lost(): void {
    this.away = true;
  }

  /** Adds what the server tells now. */
  add({ now_s: atS, run, samples }: Pick<Board, "now_s" | "run" | "samples">): void {
    const before = this.points.at(-1);
    if (before && atS <= before.atS) {
      if (before.atS - atS < ABSENT_S) return; // asked twice within a tick of the clock
      this.points = []; // the server's clock was put back: what was before cannot be drawn
    }
    const { counters, gauges } = read(samples);
    const fresh = this.points.length === 0;
    const last = fresh ? {} : this.points.at(-1)!.counters;
    const raw = fresh ? counters : run === this.run ? this.raw : {}; // a new run counts from 0
    this.points.push({
      atS,
      afterGap: !fresh && (this.away || atS - this.points.at(-1)!.atS > ABSENT_S),
      counters: risen(last, raw, counters),
      gauges,
    });
    this.raw = counters;
    this.run = run;
    this.away = false;
    this.thin(atS);
  }

  /** Keeps the points for when the page is loaded again; a browser that keeps nothing is no error. */
  save(): void {
    const names = (of: "counters" | "gauges") => [...new Set(this.points.flatMap((point) => Object.keys(point[of])))];
    const [counters, gauges] = [names("counters"), names("gauges")];
    const rows = this.points.map((point) => [
      point.atS,
      point.afterGap ? 1 : 0,
      ...counters.map((name) => rounded(point.counters[name])),
      ...gauges.map((name) => rounded(point.gauges[name])),
    ]);
    try {
      this.storage?.setItem(KEY, JSON.stringify({ run: this.run, raw: this.raw, counters, gauges, rows }));
    } catch {
      // full, or forbidden
    }
  }

  private restore(): void {
    try {
      const { run, raw, counters, gauges, rows } = JSON.parse(this.storage?.getItem(KEY) ?? "") as Kept;
      this.points = rows.map(([atS, afterGap, ...values]) => {
        if (typeof atS !== "number") throw new TypeError("no time");
        return {
          atS,
          afterGap: afterGap === 1,
          counters: named(counters, values),
          gauges: named(gauges, values.slice(counters.length)),
        };
      });
      [this.run, this.raw] = [String(run), { ...raw }];
    } catch {
      this.points = []; // nothing was kept, or what was is damaged
    }
  }

  private thin(nowS: number): void {
    const kept: Point[] = [];
    for (const point of this.points) {
      const ageS = nowS - point.atS;
      const before = kept.at(-1);
      const crowded = before && !point.afterGap && point.atS - before.atS < SPARSE_S;
      if (ageS <= DENSE_S || (ageS <= HISTORY_S && !crowded)) kept.push(point);
    }
    this.points = kept;
  }
}

interface Kept {
  run: string;
  raw: Numbers;
  counters: string[];
  gauges: string[];
  rows: (number | null)[][];
}

/** Returns totals risen by what was counted since; a counter that fell began anew at 0. */
function risen(totals: Numbers, before: Numbers, now: Numbers): Numbers {
  const sums: Numbers = { ...totals };
  for (const [name, value] of Object.entries(now)) {
    const was = before[name] ?? 0;
    sums[name] = (totals[name] ?? 0) + (value >= was ? value - was : value);
  }
  return sums;
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * DECIMALS) / DECIMALS;
}

function named(names: readonly string[], values: readonly (number | null | undefined)[]): Numbers {
  const numbers: Numbers = {};
  names.forEach((name, at) => {
    const value = values[at];
    if (typeof value === "number") numbers[name] = value;
  });
  return numbers;
}
