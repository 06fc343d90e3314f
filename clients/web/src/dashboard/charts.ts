/** The charts: one clock, one cursor. */

import uPlot from "uplot";

import { byId, make, token } from "../shared/dom";
import { clock } from "./format";
import type { ChartPlan } from "./lines";
import type { Point } from "./point";
import { stretches } from "./stretch";

/** How far back is drawn, and over how long rates and quantiles are taken there. */
export interface Range {
  lengthS: number;
  windowS: number;
}

const HEIGHT_PX = 160;
const AXIS_PX = 58;
const HEADROOM = 1.08;
const FONT = "12px system-ui, sans-serif";
const TICKS_S = [60, 120, 300, 600, 900, 1800, 3600]; // uPlot's own have no two minutes
// Lines are told apart by their dashes too.
const DASHES = [undefined, [7, 4], [2, 3], [9, 3, 2, 3], [1, 4]];

type Column = (number | null)[];

/** Draws every chart into a box, and says below each title what its lines are worth where the cursor is. */
export class Charts {
  private readonly charts: Chart[];
  private timesS: number[] = [];
  private at: number | null = null;
  private heldS: number | undefined; // where the keyboard holds the cursor while time goes on

  constructor(plans: readonly ChartPlan[], box: HTMLElement) {
    this.charts = plans.map((plan) => new Chart(plan, (at) => this.point(at)));
    box.replaceChildren(...this.charts.map((chart) => chart.figure));
    for (const chart of this.charts) chart.begin();
  }

  /** Draws the points of a range that ends at `nowS`. */
  draw(points: readonly Point[], { lengthS, windowS }: Range, nowS: number): void {
    const each = stretches(points, windowS);
    const first = points.findIndex(({ atS }) => atS >= nowS - lengthS);
    const shown = first < 0 ? [] : points.slice(Math.max(0, first - 1)).map((point, at) => ({
      point,
      stretch: each[at + Math.max(0, first - 1)],
    }));
    // A point of nothing parts the lines where the server was away.
    const parted = shown.flatMap((one) => (one.point.afterGap ? [undefined, one] : [one]));
    this.timesS = parted.map((one, at) => one?.point.atS ?? (parted[at + 1]?.point.atS ?? nowS) - 0.001);
    for (const chart of this.charts) {
      const columns = chart.plan.lines.map((line) =>
        parted.map((one) => (one && line.value(one.point, one.stretch)) ?? null),
      );
      chart.draw(this.timesS, columns, nowS - lengthS, nowS);
    }
    if (this.heldS !== undefined) this.hold(this.timesS.findIndex((timeS) => timeS >= this.heldS!));
    this.tell();
  }

  /** Moves the cursor by some points; from nowhere, from the newest. */
  step(by: number): void {
    const last = this.timesS.length - 1;
    if (last < 0) return;
    this.hold(Math.min(last, Math.max(0, (this.at ?? last) + by)));
    this.tell();
  }

  /** Takes the cursor away. */
  leave(): void {
    this.hold(-1);
    this.tell();
  }

  /** Lets the cursor follow the mouse again. */
  release(): void {
    this.heldS = undefined;
  }

  /** Takes the colours of the scheme that the page has now. */
  recolour(): void {
    for (const chart of this.charts) chart.begin();
  }

  private hold(at: number): void {
    this.heldS = this.timesS[at];
    this.at = this.heldS === undefined ? null : at;
    for (const chart of this.charts) chart.pointAt(this.heldS ?? null);
  }

  private point(at: number | null): void {
    if (at === this.at || this.heldS !== undefined) return;
    this.at = at;
    this.tell();
  }

  private tell(): void {
    const atS = this.at === null ? undefined : this.timesS[this.at];
    byId("charts-at").textContent = atS === undefined ? "now" : clock(atS);
    for (const chart of this.charts) chart.tell(this.at);
  }
}

class Chart {
  readonly figure: HTMLElement;
  private readonly box = make("div", { class: "plot", "aria-hidden": "true" });
  private readonly figures: HTMLElement[];
  private plot: uPlot | undefined;
  private data: [number[], ...Column[]];

  constructor(
    readonly plan: ChartPlan,
    private readonly onCursor: (at: number | null) => void,
  ) {
    this.data = [[], ...plan.lines.map(() => [])];
    this.figures = plan.lines.map(() => make("b", { class: "figure" }, "–"));
    const legend = plan.lines.map(({ label }, at) =>
      make("li", {}, make("i", { class: `swatch swatch-${at + 1}` }), label, " ", this.figures[at]!),
    );
    this.figure = make(
      "figure",
      { class: "chart panel", id: `chart-${plan.id}` },
      make("figcaption", {}, make("h3", {}, plan.title), make("span", { class: "muted small" }, plan.about)),
      make("ul", { class: "legend", "aria-label": plan.title }, ...legend),
      this.box,
    );
    new ResizeObserver(() => this.fit()).observe(this.box);
  }

  /** Makes the plot, or makes it anew in other colours. */
  begin(): void {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), this.data, this.box);
  }

  draw(timesS: number[], columns: Column[], fromS: number, toS: number): void {
    this.data = [timesS, ...columns];
    this.plot?.setData(this.data, false);
    this.plot?.setScale("x", { min: fromS, max: toS });
  }

  tell(at: number | null): void {
    this.figures.forEach((figure, line) => {
      const column = this.data[line + 1] as Column;
      const value = at === null ? column.at(-1) : column[at];
      const text = this.plan.written(value ?? undefined);
      if (figure.textContent !== text) figure.textContent = text;
    });
  }

  pointAt(atS: number | null): void {
    const left = atS === null || !this.plot ? -10 : this.plot.valToPos(atS, "x");
    this.plot?.setCursor({ left, top: atS === null ? -10 : 10 }, false);
  }

  private fit(): void {
    const width = this.box.clientWidth;
    if (width > 0 && width !== this.plot?.width) this.plot?.setSize({ width, height: HEIGHT_PX });
  }

  private options(): uPlot.Options {
    const { lines, least, most = Infinity, written } = this.plan;
    const axis = { stroke: token("muted"), font: FONT, ticks: { show: false } };
    const grid = { stroke: token("grid"), width: 1 };
    return {
      width: Math.max(1, this.box.clientWidth),
      height: HEIGHT_PX,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "swash" }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: {
        x: { time: true },
        y: { range: (_plot, _low, high) => [0, Math.min(most, Math.max(least, (high ?? 0) * HEADROOM))] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 46, incrs: TICKS_S, values: (_plot, times) => times.map(shortClock) },
        { ...axis, grid, size: AXIS_PX, space: 36, values: (_plot, values) => values.map((value) => written(value)) },
      ],
      series: [
        {},
        ...lines.map(({ label }, at) => ({
          label,
          stroke: token(`line-${at + 1}`),
          width: 1.75,
          dash: DASHES[at],
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [({ cursor }) => this.onCursor(cursor.idx ?? null)] },
    };
  }
}

/** Returns a time of day without its seconds where they are 0. */
function shortClock(atS: number): string {
  const text = clock(atS);
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}
