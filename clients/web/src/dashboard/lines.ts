/** Which charts there are, and what each of their lines tells. */

import * as format from "./format";
import type { Point } from "./point";
import type { Stretch } from "./stretch";

/** One line: its value at a point, from what happened before it. */
export interface Line {
  label: string;
  value: (point: Point, stretch: Stretch | undefined) => number | undefined;
}

export interface ChartPlan {
  id: string;
  title: string;
  /** What is drawn, in a few words. */
  about: string;
  lines: Line[];
  /** How values are written, at the axis and below the title. */
  written: (value: number | undefined) => string;
  /** The axis reaches at least this far. */
  least: number;
  /** And no further than this; left out: as far as it must. */
  most?: number;
}

const MIB = 1024 * 1024;
const LIVE = new Set(["Perform", "Listen", "Control"]);
const WELL = new Set(["OK", "CANCELLED"]); // whoever leaves has changed his mind, that is no failure

/** Returns whether a call by its method and code failed. */
export function failed([, code]: string[]): boolean {
  return !WELL.has(code ?? "");
}

/** Returns the charts of a server with these engines. */
export function plans(engines: readonly string[]): ChartPlan[] {
  return [
    {
      id: "calls",
      title: "Calls",
      about: "answered each second",
      written: format.rate,
      least: 1,
      lines: [
        over("Render", (stretch) => stretch.rate("calls", ([method]) => method === "Render")),
        over("live", (stretch) => stretch.rate("calls", ([method]) => LIVE.has(method ?? ""))),
        over("other", (stretch) =>
          stretch.rate("calls", ([method]) => method !== "Render" && !LIVE.has(method ?? "")),
        ),
        over("failed", (stretch) => stretch.rate("calls", failed)),
      ],
    },
    {
      id: "first-frames",
      title: "First frames",
      about: "from the call to its first audio",
      written: format.time,
      least: 10,
      lines: [0.5, 0.95, 0.99].map((q) => over(`p${q * 100}`, (stretch) => stretch.firstFramesMs(q))),
    },
    {
      id: "found",
      title: "Where sounds came from",
      about: "of all takes",
      written: format.percent,
      least: 1,
      most: 1,
      lines: [
        over("memory", (stretch) => stretch.share("found", ([tier]) => tier === "memory")),
        over("made", (stretch) => stretch.share("found", ([tier]) => tier === "no")),
        over("store", (stretch) => stretch.share("found", ([tier]) => tier === "store")),
        over("joined", (stretch) => stretch.share("found", ([tier]) => tier === "joined")),
      ],
    },
    {
      id: "work",
      title: "Work",
      about: "sounds at this moment",
      written: format.few,
      least: 4,
      lines: [gauge("being made", "recording"), gauge("in the queue", "waiting"), gauge("behind", "behind")],
    },
    {
      id: "live",
      title: "Live",
      about: "at this moment",
      written: format.few,
      least: 4,
      lines: [gauge("voices", "voices"), gauge("sessions", "sessions")],
    },
    {
      id: "rtf",
      title: "RTF",
      about: "compute seconds for a second of sound",
      written: format.few,
      least: 0.01,
      lines: engines.map((engine) => over(engine, (stretch) => stretch.rtf(engine))),
    },
    {
      id: "memory",
      title: "Memory",
      about: "of the server, and its store on disk",
      written: format.size,
      least: 64,
      lines: [
        gauge("resident", "resident", MIB),
        gauge("sounds", "cache|memory", MIB),
        gauge("store", "cache|store", MIB),
      ],
    },
    {
      id: "wrong",
      title: "Went wrong",
      about: "each minute",
      written: format.perMinute,
      least: 1,
      lines: [
        over("failed calls", (stretch) => 60 * stretch.rate("calls", failed)),
        over("refused", (stretch) => 60 * stretch.rate("refused")),
        over("fallbacks", (stretch) => 60 * stretch.rate("fallbacks")),
        over("underruns", (stretch) => 60 * stretch.rate("underruns")),
        over("unfit", (stretch) => 60 * stretch.rate("unfit")),
      ],
    },
  ];
}

function over(label: string, value: (stretch: Stretch) => number | undefined): Line {
  return { label, value: (_point, stretch) => stretch && value(stretch) };
}

function gauge(label: string, name: string, unit = 1): Line {
  return {
    label,
    value: ({ gauges: { [name]: value } }) => (value === undefined ? undefined : value / unit),
  };
}
