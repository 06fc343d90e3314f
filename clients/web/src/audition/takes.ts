/** Four takes side by side, A to D. */

import { byId, make, token } from "../shared/dom";
import { decibels } from "./figures";
import { outline } from "./picture";
import type { Recording } from "./recording";

export const NAMES = ["A", "B", "C", "D"];

/** The row of takes; one of them is the current one. */
export class Takes {
  current = 0;
  private readonly recordings: (Recording | undefined)[] = NAMES.map(() => undefined);
  private readonly cards: { button: HTMLButtonElement; canvas: HTMLCanvasElement; told: HTMLElement }[];

  constructor(onChosen: (number: number) => void) {
    this.cards = NAMES.map((name, number) => {
      const canvas = make("canvas", { class: "outline" });
      const told = make("span", { class: "told small muted" });
      const button = make("button", { type: "button", class: "take", "aria-keyshortcuts": number + 1 });
      button.append(make("strong", {}, name), canvas, told);
      button.addEventListener("click", () => onChosen(number));
      return { button, canvas, told };
    });
    byId("takes").replaceChildren(...this.cards.map(({ button }) => button));
    const redraw = () => this.cards.forEach((_, number) => this.draw(number));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    addEventListener("resize", redraw);
    redraw();
  }

  get recording(): Recording | undefined {
    return this.recordings[this.current];
  }

  at(number: number): Recording | undefined {
    return this.recordings[number];
  }

  put(number: number, recording: Recording): void {
    this.recordings[number] = recording;
    this.draw(number);
  }

  /** Empties the place of a recording. */
  drop(recording: Recording): void {
    const number = this.recordings.indexOf(recording);
    if (number < 0) return;
    this.recordings[number] = undefined;
    this.draw(number);
  }

  choose(number: number): void {
    this.current = number;
    this.cards.forEach((_, each) => this.draw(each));
  }

  /** Returns what brings a take to the level of the softest, dB; louder ones go down, so that none clips. */
  matchDb(recording: Recording): number {
    const measured = this.recordings.flatMap((each) => each?.trailer?.loudnessLufs ?? []);
    if (!recording.trailer || measured.length < 2) return 0;
    return Math.min(...measured) - recording.trailer.loudnessLufs;
  }

  /** Draws a card again. */
  draw(number: number): void {
    const card = this.cards[number];
    if (!card) return;
    const { button, canvas, told } = card;
    const recording = this.recordings[number];
    const chosen = number === this.current;
    button.setAttribute("aria-pressed", String(chosen));
    told.textContent = "empty";
    if (recording) told.replaceChildren(make("span", { class: "unseen" }, "seed "), String(recording.header.seed));
    if (recording?.trailer) {
      told.append(` · ${decibels(recording.trailer.loudnessLufs)} LUFS`);
      outline(canvas, recording, token(chosen ? "accent" : "muted"));
    } else {
      canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    }
  }
}
