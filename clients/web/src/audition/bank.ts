/** The bank: sounds that are kept, on the page. */

import { SwashError, type Swash } from "../client";
import { byId, icon, make, save } from "../shared/dom";
import { Remembered } from "../shared/memory";
import { distinct, imported, keptOf, manifestOf, type Kept } from "./manifest";
import { hashOf, titleOf, type Sound } from "./sound";

const MOST = 1000;
const MAX_FILE_BYTES = 1_048_576; // what a server reads

/** Its list and its buttons. */
export class Bank {
  private readonly memory = new Remembered<Kept>("swash.bank", MOST, keptOf);
  private readonly list = byId<HTMLOListElement>("bank-list");
  private readonly tag = byId<HTMLInputElement>("tag");
  private readonly said = byId("bank-said");
  private kept: Kept[] = this.memory.read();

  constructor(
    private readonly swash: Swash,
    private readonly onChosen: (sound: Sound) => void,
  ) {
    const file = byId<HTMLInputElement>("bank-file");
    byId("bank-export").addEventListener("click", () => this.export());
    byId("bank-import").addEventListener("click", () => file.click());
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) void this.import(chosen);
      file.value = ""; // so that the same file can be chosen again
    });
    byId("bank-preload").addEventListener("click", () => void this.preload());
    byId("bank-unload").addEventListener("click", () => void this.unload());
    this.draw();
  }

  /** Keeps a sound. */
  add(sound: Sound): void {
    if (this.kept.length >= MOST) return this.say(`The bank holds ${MOST} sounds: export it and begin another.`);
    const name = distinct(titleOf(sound), this.names());
    this.kept.push({ name, sound });
    this.changed();
    this.say(`“${name}” is in the bank.`);
  }

  private names(): string[] {
    return this.kept.map(({ name }) => name);
  }

  private changed(): void {
    if (!this.memory.write(this.kept)) this.say("The browser keeps nothing: export the bank before you leave.");
    this.draw();
  }

  private draw(): void {
    byId("bank-count").textContent = String(this.kept.length);
    byId("bank-empty").hidden = this.kept.length > 0;
    byId<HTMLButtonElement>("bank-export").disabled = this.kept.length === 0;
    byId<HTMLButtonElement>("bank-preload").disabled = this.kept.length === 0;
    this.list.replaceChildren(...this.kept.map((each) => this.row(each)));
  }

  private row(each: Kept): HTMLElement {
    const label = `Name of ${each.name}`;
    const name = make("input", { type: "text", maxlength: 100, value: each.name, "aria-label": label });
    name.addEventListener("change", () => {
      const others = this.names().filter((other) => other !== each.name);
      each.name = distinct(name.value, others);
      this.changed();
    });
    const hear = make("button", { type: "button", "aria-label": `Hear ${each.name}` }, icon("play"));
    hear.addEventListener("click", () => this.onChosen(each.sound));
    const remove = make("button", { type: "button", class: "quiet", "aria-label": `Remove ${each.name}` });
    remove.append(icon("remove"));
    remove.addEventListener("click", () => {
      this.kept = this.kept.filter((other) => other !== each);
      this.changed();
      this.say(`“${each.name}” is gone.`);
    });
    const said = `${titleOf(each.sound)} · seed ${each.sound.seed ?? 0}`;
    const told = make("span", { class: "muted small told", title: hashOf(each.sound) }, said);
    return make("li", {}, hear, make("div", { class: "what" }, name, told), remove);
  }

  private export(): void {
    const tag = this.tag.value.trim();
    save(`${tag.replace(/[^\w-]+/g, "-") || "bank"}.yaml`, manifestOf(this.kept, tag), "application/yaml");
    this.say("Written: `swash bake FILE` makes the sounds.");
  }

  private async import(file: File): Promise<void> {
    try {
      if (file.size > MAX_FILE_BYTES) {
        throw new Error(`A manifest has at most ${MAX_FILE_BYTES} bytes, this one ${file.size}.`);
      }
      const { tag, kept, leftOut } = await imported(await file.text());
      for (const { name, sound } of kept.slice(0, MOST - this.kept.length)) {
        this.kept.push({ name: distinct(name || titleOf(sound), this.names()), sound });
      }
      if (tag) this.tag.value = tag;
      this.changed();
      const without = `; ${leftOut} begin with a file, which only \`swash bake\` reads, and are left out`;
      this.say(`${kept.length} sounds are in from ${file.name}${leftOut ? without : ""}.`);
    } catch (reason) {
      this.say(reason instanceof Error ? reason.message : String(reason), true);
    }
  }

  private async preload(): Promise<void> {
    const tag = this.tag.value.trim();
    const failures: string[] = [];
    try {
      for await (const { total, done, event, name } of this.swash.preload(tag, manifestOf(this.kept, tag))) {
        if (event.case === "take" && event.value.failure) failures.push(`${name}: ${event.value.failure}`);
        this.say(`${done} of ${total} are ready.`);
      }
      if (failures.length) this.say(failures.join("\n"), true);
      else this.say(`All are ready, and kept under “${tag}”.`);
    } catch (reason) {
      this.say(SwashError.from(reason).message, true);
    }
  }

  private async unload(): Promise<void> {
    const tag = this.tag.value.trim();
    try {
      const { takes } = await this.swash.unload(tag);
      this.say(`${takes === 1 ? "1 take" : `${takes} takes`} under “${tag}” may be forgotten now.`);
    } catch (reason) {
      this.say(SwashError.from(reason).message, true);
    }
  }

  private say(text: string, wrong = false): void {
    this.said.textContent = text;
    this.said.classList.toggle("wrong", wrong);
  }
}
