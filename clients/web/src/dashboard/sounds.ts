/** The last hundred sounds, the newest on top, each to be heard again. */

import { Code, SwashError, type Take } from "../client";
import { askWho } from "../shared/credentials";
import { byId, icon, make } from "../shared/dom";
import type { Sound } from "./data";
import * as format from "./format";
import type { Player } from "./player";

const MOST = 100;
const FROM = { no: "made", joined: "joined", memory: "memory", store: "store", shared: "shared" } as const;

export class Sounds {
  private rows: { sound: Sound; row: HTMLElement }[] = [];
  private waiting: Sound[] = [];
  private held = false;
  private prompts = false;
  private playing: HTMLButtonElement | undefined;

  constructor(
    private readonly body: HTMLElement,
    private readonly player: Player,
  ) {
    byId("hold").addEventListener("click", () => this.hold(!this.held));
    byId("failed-only").addEventListener("click", ({ currentTarget }) => {
      const button = currentTarget as HTMLElement;
      const only = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(only));
      this.body.toggleAttribute("data-failed-only", only);
      this.tellEmpty();
    });
  }

  /** Adds sounds that are new, oldest first; `prompts` says whether this page may read what was asked for. */
  add(sounds: readonly Sound[], prompts: boolean): void {
    this.prompts = prompts;
    byId("prompts-hidden").hidden = prompts;
    this.waiting = [...this.waiting, ...sounds].slice(-MOST);
    if (!this.held) this.show();
    this.tellHold();
  }

  /** Forgets all: the server was started anew. */
  clear(): void {
    this.rows = [];
    this.waiting = [];
    this.body.replaceChildren();
  }

  private hold(held: boolean): void {
    this.held = held;
    if (!held) this.show();
    this.tellHold();
  }

  private show(): void {
    for (const sound of this.waiting) {
      const row = this.rowOf(sound);
      this.rows.push({ sound, row });
      this.body.prepend(row);
    }
    this.waiting = [];
    const kept = this.rows.filter(({ sound }) => !this.player.own.has(sound.request_id)).slice(-MOST);
    const rows = new Set(kept.map(({ row }) => row));
    for (const { row } of this.rows) if (!rows.has(row)) row.remove();
    this.rows = kept;
    this.tellEmpty();
  }

  private tellHold(): void {
    const button = byId("hold");
    button.setAttribute("aria-pressed", String(this.held));
    byId("hold-new").textContent = this.held ? `${this.waiting.length} new` : "";
  }

  private tellEmpty(): void {
    const only = this.body.hasAttribute("data-failed-only");
    const some = only ? this.rows.some(({ sound }) => sound.code !== "OK") : this.rows.length > 0;
    byId("sounds-none").hidden = some || only;
    byId("sounds-none-failed").hidden = some || !only;
    byId("sounds-table").hidden = !some;
  }

  private rowOf(sound: Sound): HTMLElement {
    const name = sound.effects.join(" + ") || sound.engine || "a sound";
    const well = sound.code === "OK";
    const from = well && sound.cached ? FROM[sound.cached] : sound.code;
    const cells: [label: string, ...content: (Node | string)[]][] = [
      ["Play", this.playButton(sound, name)],
      ["Time", make("span", { class: "figure" }, format.clock(sound.ended_s))],
      ["Sound", ...soundCell(sound)],
      ["Seed", make("span", { class: "figure" }, seeds(sound))],
      ["Engine", sound.engine || "–", ...(sound.fallback ? [make("small", { class: "muted" }, " instead")] : [])],
      ["Length", format.time(sound.duration_s === null ? undefined : sound.duration_s * 1000)],
      ["First frames", format.time(sound.first_frames_ms)],
      ["Made in", format.time(sound.render_ms)],
      ["From", make("span", { class: "chip", "data-kind": well ? from : "failed" }, from)],
      ["Call", make("span", { class: "figure small muted" }, sound.request_id)],
    ];
    return make(
      "tr",
      { role: "row", "data-number": sound.number, "data-code": sound.code },
      ...cells.map(([label, ...content]) => make("td", { role: "cell", "data-label": label }, ...content)),
    );
  }

  private playButton(sound: Sound, name: string): Node {
    const { again } = sound;
    if (!again) {
      const why = sound.code !== "OK" ? "" : this.prompts ? "needs its audio" : "needs its prompt";
      return make("span", { class: "small muted" }, why);
    }
    const what = `${name}, seed ${sound.seed}`;
    const button = make(
      "button",
      { type: "button", class: "play quiet", "aria-label": `Play ${what}`, "data-what": what },
      icon("play"),
    );
    button.addEventListener("click", () => {
      if (this.playing === button) this.player.stop();
      else void this.play(button, sound, name);
    });
    return button;
  }

  private async play(button: HTMLButtonElement, sound: Sound, name: string): Promise<void> {
    this.mark(button);
    say(`Asking for ${name}, seed ${sound.seed}`);
    try {
      await this.player.play(sound.again!, (take) => {
        button.dataset.sha256 = hex(take.trailer.sha256);
        say(heard(take, sound, name));
      });
      if (this.playing === button) say("");
    } catch (reason) {
      const error = SwashError.from(reason);
      if (error.code === Code.Unauthenticated) askWho();
      if (this.playing === button) say(error.code === Code.Canceled ? "" : `${name}: ${error.message}`, true);
    } finally {
      if (this.playing === button) this.mark(undefined);
    }
  }

  /** Shows which button's sound plays. */
  private mark(button: HTMLButtonElement | undefined): void {
    for (const [each, does] of [[this.playing, "play"], [button, "stop"]] as const) {
      each?.setAttribute("aria-label", `${does === "play" ? "Play" : "Stop"} ${each.dataset.what}`);
      each?.setAttribute("aria-pressed", String(does === "stop"));
      each?.replaceChildren(icon(does));
    }
    this.playing = button;
  }
}

function soundCell({ effects, prompt, reason }: Sound): (Node | string)[] {
  return [
    ...(effects.length ? [make("span", { class: "effects" }, ...breakable(effects.join(" + ")))] : []),
    ...(prompt ? [make("q", { class: "muted" }, prompt)] : []),
    ...(reason ? [make("span", { class: "reason small" }, reason)] : []),
    ...(effects.length || prompt || reason ? [] : ["–"]),
  ];
}

/** Returns the name of effects, to be broken only where its words end. */
function breakable(name: string): (Node | string)[] {
  return name.split(/(?<=[/_])/).flatMap((word) => [word, make("wbr")]);
}

function seeds({ seed, object_seed: object }: Sound): string {
  return object ? `${seed} · object ${object}` : String(seed);
}

function heard({ header, trailer }: Take, { key }: Sound, name: string): string {
  const lasting = format.time((1000 * Number(trailer.frames)) / header.sampleRate);
  const same = header.key === key ? "the same samples" : "not the same samples: the server is of another version";
  return `Playing ${name}, seed ${header.seed}: ${lasting}, ${same}`;
}

function say(text: string, bad = false): void {
  const line = byId("playing");
  line.textContent = text;
  line.toggleAttribute("data-bad", bad);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
