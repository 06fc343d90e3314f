/** Every effect and preset, by what it is good for. */

import { EffectKind, type Effect } from "../gen/swash/v1/sound_pb";
import { byId, make } from "../shared/dom";

/** Groups, and the categories of the Universal Category System that belong to each. */
const GROUPS: [string, string[]][] = [
  ["Weather", ["RAIN", "THUN", "WIND"]],
  ["Water", ["WATR"]],
  ["Nature and fire", ["BIRD", "ANML", "FIRE"]],
  ["People and foley", ["FEET", "CLOTH", "DOOR", "WHSH", "HMN"]],
  ["Impacts and debris", ["WOOD", "ROCK", "GLAS", "METL"]],
  ["Combat", ["GUN", "WEAP", "EXPL", "LASR"]],
  ["Machines", ["MACH", "MOTR", "ELEC", "ALRM"]],
  ["Magic and science fiction", ["MAG", "SCI"]],
  ["Interface and games", ["UI", "GAME"]],
];
const OTHERS = "Others";

const KINDS: Record<EffectKind, string> = {
  [EffectKind.UNSPECIFIED]: "",
  [EffectKind.ONE_SHOT]: "one-shot",
  [EffectKind.ENDLESS]: "endless",
  [EffectKind.EITHER]: "one-shot or endless",
};

/** The list beside the sound. */
export class Catalogue {
  readonly effects = new Map<string, Effect>();
  private readonly list = byId("catalogue-list");
  private readonly search = byId<HTMLInputElement>("catalogue-search");
  private buttons = new Map<string, HTMLButtonElement>();

  constructor(private readonly onChosen: (effect: string) => void) {
    this.search.addEventListener("input", () => this.sift());
  }

  /** Shows what the server lists. */
  show(effects: readonly Effect[]): void {
    this.effects.clear();
    this.buttons = new Map();
    for (const effect of effects) this.effects.set(effect.id, effect);
    const groups = new Map<string, Effect[]>();
    for (const effect of effects) groups.set(groupOf(effect), [...(groups.get(groupOf(effect)) ?? []), effect]);
    this.list.replaceChildren(
      ...[...GROUPS.map(([name]) => name), OTHERS].flatMap((name) => {
        const members = groups.get(name);
        if (!members) return [];
        const items = members.map((effect) => make("li", {}, this.entry(effect)));
        return [make("section", { class: "group" }, make("h3", {}, name), make("ul", {}, ...items))];
      }),
    );
    byId("catalogue-count").textContent = `${effects.length} effects`;
    this.sift();
  }

  /** Marks what is chosen: "rain", "rain/tin_roof"; undefined for words. */
  mark(chosen: string | undefined): void {
    for (const [name, button] of this.buttons) {
      button.removeAttribute("aria-current");
      if (name !== chosen) continue;
      button.setAttribute("aria-current", "true");
      button.closest("details")?.setAttribute("open", "");
    }
  }

  private entry(effect: Effect): HTMLElement {
    const presets = [
      this.button(effect.id, "default", effect.description),
      ...effect.presets.map(({ name, description }) =>
        this.button(`${effect.id}/${name}`, name.replaceAll("_", " "), description),
      ),
    ];
    return make(
      "details",
      { class: "effect", name: "effect" },
      make("summary", {}, effect.title),
      make("p", { class: "muted small" }, `${effect.description} (${KINDS[effect.kind]})`),
      make("ul", { class: "presets" }, ...presets.map((preset) => make("li", {}, preset))),
    );
  }

  private button(name: string, label: string, description: string): HTMLButtonElement {
    const button = make("button", { type: "button", class: "chip", title: description }, label);
    button.addEventListener("click", () => this.onChosen(name));
    this.buttons.set(name, button);
    return button;
  }

  /** Leaves those that the search is in: their titles, descriptions and presets. */
  private sift(): void {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of this.list.querySelectorAll<HTMLElement>(".group")) {
      for (const item of group.querySelectorAll<HTMLElement>(":scope > ul > li")) {
        const text = (item.textContent ?? "").toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
      }
      group.hidden = !group.querySelector(":scope > ul > li:not([hidden])");
    }
  }
}

function groupOf({ ucsCatId }: Effect): string {
  const group = GROUPS.find(([, categories]) => categories.some((category) => ucsCatId.startsWith(category)));
  return group?.[0] ?? OTHERS;
}
