/** What was made, the latest first: in this browser, so that nothing good is lost. */

import { byId, make } from "../shared/dom";
import { Remembered } from "../shared/memory";
import { hashOf, soundOf, titleOf, type Sound } from "./sound";

const MOST = 60;

interface Made {
  sound: Sound;
  /** Milliseconds since 1970. */
  at: number;
}

/** Its list. */
export class History {
  private readonly memory = new Remembered<Made>("swash.history", MOST, madeOf);
  private made = this.memory.read();

  constructor(private readonly onChosen: (sound: Sound) => void) {
    byId("history-clear").addEventListener("click", () => {
      this.made = [];
      this.changed();
      byId("tab-history").focus();
    });
    this.draw();
  }

  /** Notes a sound; the same again moves to the front. */
  add(sound: Sound): void {
    const hash = hashOf(sound);
    const others = this.made.filter((each) => hashOf(each.sound) !== hash);
    this.made = [{ sound, at: Date.now() }, ...others].slice(0, MOST);
    this.changed();
  }

  private changed(): void {
    this.memory.write(this.made);
    this.draw();
  }

  private draw(): void {
    byId("history-count").textContent = String(this.made.length);
    byId("history-empty").hidden = this.made.length > 0;
    byId("history-clear").hidden = this.made.length === 0;
    byId("history-list").replaceChildren(
      ...this.made.map(({ sound, at }) => {
        const moved = Object.keys(sound.parameters).length;
        const told = [`seed ${sound.seed ?? 0}`];
        if (sound.engine) told.push(sound.engine.replaceAll("_", " "));
        if (sound.loop) told.push("loop");
        if (moved) told.push(`${moved} moved`);
        const button = make(
          "button",
          { type: "button", class: "quiet recall" },
          make("span", { class: "name" }, titleOf(sound)),
          make("span", { class: "muted small" }, told.join(" · ")),
          make("time", { class: "muted small", datetime: new Date(at).toISOString() }, timeOf(at)),
        );
        button.addEventListener("click", () => this.onChosen(sound));
        return make("li", {}, button);
      }),
    );
  }
}

function madeOf(entry: unknown): Made | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { sound, at } = entry as { sound?: unknown; at?: unknown };
  const checked = soundOf(sound);
  return checked && typeof at === "number" && Math.abs(at) < 8e15 ? { sound: checked, at } : undefined;
}

function timeOf(at: number): string {
  const then = new Date(at);
  const today = then.toDateString() === new Date().toDateString();
  return today
    ? then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : then.toLocaleDateString([], { day: "numeric", month: "short" });
}
