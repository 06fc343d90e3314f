/** What the page says and shows by itself: progress, errors, which buttons do something. */

import { Code, type SwashError } from "../client";
import { byId } from "../shared/dom";

const SAID_MS = 4000;

/** What the transport's buttons show. */
export interface Playing {
  /** Something sounds. */
  sounding: boolean;
  /** It waits to be triggered. */
  armed: boolean;
  live: boolean;
  looping: boolean;
  /** There is a take to play. */
  something: boolean;
}

let saying: ReturnType<typeof setTimeout> | undefined;

/** Says something in passing. */
export function say(text: string): void {
  const said = byId("said");
  said.textContent = text;
  clearTimeout(saying);
  saying = setTimeout(() => (said.textContent = ""), SAID_MS);
}

/** Says how far a sound is; nothing when it is there. */
export function progress(text: string): void {
  byId("progress").textContent = text && `${text} …`;
}

export function title(text: string): void {
  byId("sound-title").textContent = text;
}

/** Says what went wrong, unless it stands on the page already: suggestions, or that the server is away. */
export function problem(error: SwashError | undefined): void {
  const notice = byId("problem");
  const away = error?.code === Code.Unavailable && error.retryAfterMs === undefined;
  notice.hidden = !error || error.code === Code.NotFound || away;
  notice.textContent = error?.message ?? "";
}

export function pressed(id: string, on: boolean): void {
  byId(id).setAttribute("aria-pressed", String(on));
}

/** Shows which buttons do something, and what. */
export function playing({ sounding, armed, live, looping, something }: Playing): void {
  const play = byId<HTMLButtonElement>("play");
  play.querySelector("use")?.setAttribute("href", sounding && !armed ? "#i-stop" : "#i-play");
  const label = play.querySelector("span");
  if (label) label.textContent = armed ? "Trigger" : sounding ? "Stop" : "Play";
  play.disabled = !something && !live;
  byId<HTMLButtonElement>("seam-hear").disabled = !something || live;
  for (const id of ["bank-add", "download"]) byId<HTMLButtonElement>(id).disabled = !something;
  pressed("loop", looping);
  pressed("live", live);
  byId("live-figures").hidden = !live;
}
