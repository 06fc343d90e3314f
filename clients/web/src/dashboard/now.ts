/** The numbers on top: how the server does now. */

import { byId } from "../shared/dom";
import type { Board } from "./data";
import * as format from "./format";
import type { History } from "./history";
import { failed } from "./lines";
import { lately, type Stretch } from "./stretch";

const RATE_S = 10;
const LATELY_S = 60;
// What is the server's to mend; other codes are mistakes of callers.
const OURS = new Set(["INTERNAL", "UNKNOWN", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "DATA_LOSS"]);
const MIB = 1024 * 1024;

/** Writes the numbers. */
export function showNow(history: History, { engines }: Board): void {
  const gauges = history.all.at(-1)?.gauges ?? {};
  const rates = lately(history.all, RATE_S);
  const minute = lately(history.all, LATELY_S);
  const found = (tier: string) => format.percent(minute?.share("found", ([name]) => name === tier));
  const mib = (name: string) => format.size(gauges[name] === undefined ? undefined : gauges[name] / MIB);

  write("calls", format.rate(rates?.rate("calls")), `${format.few(history.counted("calls"))} since the start`);
  write(
    "first-frames",
    format.time(minute?.firstFramesMs(0.95)),
    parts(`p50 ${format.time(minute?.firstFramesMs(0.5))}`, `p99 ${format.time(minute?.firstFramesMs(0.99))}`),
  );
  write(
    "hits",
    format.percent(minute?.share("found", ([tier]) => tier !== "no")),
    parts(`memory ${found("memory")}`, `store ${found("store")}`, `joined ${found("joined")}`),
  );
  write(
    "work",
    format.few(gauges.recording),
    parts(`of ${format.few(gauges.recording_limit)}`, `queue ${format.few(gauges.waiting)} of ${format.few(gauges.waiting_limit)}`),
  );
  write(
    "voices",
    format.few(gauges.voices),
    parts(several(gauges.sessions ?? 0, "session"), several(minute?.increase("underruns") ?? 0, "underrun")),
  );
  const here = engines.filter(({ state }) => state !== "absent").map(({ name }) => name);
  const [first = "", ...others] = here;
  write(
    "rtf",
    format.few(minute?.rtf(first)),
    parts(...speed(first, minute), ...others.map((name) => `${name} ${format.few(minute?.rtf(name))}`)),
  );
  write("memory", mib("resident"), parts(`sounds ${mib("cache|memory")}`, `store ${mib("cache|store")}`));
  write("failed", format.few(minute?.increase("calls", failed)), codes(minute));
  const ours = minute?.increase("calls", ([, code = ""]) => OURS.has(code)) ?? 0;
  byId("now-failed").parentElement!.toggleAttribute("data-bad", ours > 0);
}

function write(id: string, figure: string, more: string): void {
  byId(`now-${id}`).textContent = figure;
  byId(`now-${id}-more`).textContent = more;
}

/** Returns parts in one line if they fit; none is broken. */
function parts(...texts: string[]): string {
  return texts.map((text) => text.replaceAll(" ", "\u00a0")).join(" · ");
}

/** Returns an engine, and how many times as fast as real time it is. */
function speed(engine: string, stretch: Stretch | undefined): string[] {
  const rtf = stretch?.rtf(engine);
  return rtf ? [engine, `speed ${format.few(1 / rtf)}`] : [engine];
}

function several(count: number, what: string): string {
  return `${format.few(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** Returns what the failed calls of a stretch failed with, the commonest first: "NOT_FOUND 3". */
function codes(stretch: Stretch | undefined): string {
  const known = new Set<string>();
  for (const name of Object.keys(stretch?.end.counters ?? {})) {
    const [family, method = "", code = ""] = name.split("|");
    if (family === "calls" && failed([method, code])) known.add(code);
  }
  const counts = [...known]
    .map((code) => [code, stretch?.increase("calls", ([, its]) => its === code) ?? 0] as const)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one);
  return counts.length ? parts(...counts.map(([code, count]) => `${code} ${format.few(count)}`)) : "no call failed";
}
