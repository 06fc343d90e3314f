/** The dashboard: asks the server every second how it does, and shows it. */

import "./main.css";

import { connect } from "../client";
import { askWho, known, onToken, token } from "../shared/credentials";
import { byId } from "../shared/dom";
import { Charts, type Range } from "./charts";
import { look, UnknownCallerError, type Board } from "./data";
import { showEngines } from "./engines";
import * as format from "./format";
import { History } from "./history";
import { plans } from "./lines";
import { showNow } from "./now";
import { Player } from "./player";
import { Sounds } from "./sounds";

const SEEN_MS = 1000;
const HIDDEN_MS = 10_000; // nobody looks: the history goes on, with fewer points
const SAVE_EVERY = 10; // looks
const RANGES: Record<string, Range> = {
  "5": { lengthS: 300, windowS: 10 },
  "15": { lengthS: 900, windowS: 30 },
  "60": { lengthS: 3600, windowS: 60 },
};
const RANGE_KEY = "swash.dashboard.range";
const STEP = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -Infinity, End: Infinity };

const storage = storageOf();
const history = new History(storage);
const player = new Player(connect(location.origin, { token, insecureToken: true }), storage);
const sounds = new Sounds(byId("sounds"), player);
let charts: Charts | undefined;
let drawn = ""; // the engines that the charts have lines for
let range = storage?.getItem(RANGE_KEY) ?? "5";
let board: Board | undefined;
let awayMs: number | undefined; // since when the server is not there
let asked = false; // it wants to know who calls
let wake = () => {};

/** Returns the page's session, undefined where the browser keeps nothing. */
function storageOf(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

async function turn(): Promise<void> {
  try {
    let now = await look(board?.last ?? 0);
    if (board && now.run !== board.run) {
      sounds.clear(); // those of a run that is over
      now = await look(0);
    }
    board = now;
    history.add(board);
    sounds.add(board.sounds, board.prompts);
    awayMs = undefined;
    if (asked) known();
    asked = false;
  } catch (reason) {
    asked = reason instanceof UnknownCallerError;
    if (asked) {
      awayMs = undefined;
      return askWho();
    }
    awayMs ??= Date.now();
    history.lost();
  }
}

function show(): void {
  byId("away").hidden = awayMs === undefined;
  document.body.toggleAttribute("data-away", awayMs !== undefined);
  if (awayMs !== undefined) {
    byId("away-since").textContent = format.clock(awayMs / 1000);
    status("away", "not there");
  }
  if (asked) status("waiting", "who calls?");
  if (!board) return;
  if (awayMs === undefined && !asked) {
    const { ready, version, uptime_s: uptimeS } = board;
    status(ready ? "ready" : "waiting", `${ready ? "ready" : "warming up"} · ${version} · up ${format.lasting(uptimeS)}`);
  }
  showNow(history, board);
  showEngines(board.engines, byId("engines"));
  draw(board);
}

function draw({ engines, now_s: nowS }: Board): void {
  const names = engines.filter(({ state }) => state !== "absent").map(({ name }) => name);
  if (!charts || names.join() !== drawn) {
    charts = new Charts(plans(names), byId("charts"));
    drawn = names.join();
  }
  const sinceS = awayMs === undefined ? 0 : (Date.now() - awayMs) / 1000;
  charts.draw(history.all, RANGES[range] ?? RANGES["5"]!, nowS + sinceS);
}

function status(state: string, text: string): void {
  const line = byId("server");
  line.dataset.state = state;
  line.textContent = text;
}

function choose(wanted: string): void {
  range = wanted in RANGES ? wanted : "5";
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-range]")) {
    button.setAttribute("aria-pressed", String(button.dataset.range === range));
  }
  byId("window").textContent = `averaged over ${RANGES[range]!.windowS} s`;
  try {
    storage?.setItem(RANGE_KEY, range);
  } catch {
    // full, or forbidden
  }
  show();
}

function listen(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-range]")) {
    button.addEventListener("click", () => choose(button.dataset.range!));
  }
  byId("away-retry").addEventListener("click", () => wake());
  onToken(() => wake());
  byId("charts").addEventListener("keydown", (event) => {
    if (event.key === "Escape") charts?.leave();
    const by = STEP[event.key as keyof typeof STEP];
    if (by === undefined) return;
    event.preventDefault();
    charts?.step(by);
  });
  byId("charts").addEventListener("pointermove", () => charts?.release());
  byId("charts").addEventListener("blur", () => charts?.leave());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    charts?.recolour();
    show();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? history.save() : wake()));
  addEventListener("pagehide", () => history.save());
}

async function watch(): Promise<never> {
  for (let looks = 1; ; looks += 1) {
    await turn();
    if (!document.hidden) show();
    if (looks % SAVE_EVERY === 0) history.save();
    await new Promise<void>((woken) => {
      wake = woken;
      setTimeout(woken, document.hidden ? HIDDEN_MS : SEEN_MS);
    });
  }
}

listen();
choose(range);
void watch();
