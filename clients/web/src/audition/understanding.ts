/** What the server understands from the words, while they are typed. */

import type { Effect, Layer, ResolvePromptResponse } from "../client";
import { byId, make } from "../shared/dom";
import { labelOf } from "./parameters";

const MAX_SHOWN = 4; // parameters of a layer that its chip names

/** Something to take instead, and how it is taken. */
type Offer = [string, () => void];

/** What can be done with it. */
export interface Choices {
  /** Take these words instead. */
  words(prompt: string): void;
  /** Take an effect instead of the words. */
  effect(name: string): void;
}

/** The line below the prompt. */
export class Understanding {
  private readonly into = byId("understood");

  constructor(private readonly choices: Choices) {}

  /** Shows what words mean. */
  show(prompt: string, understood: ResolvePromptResponse, effects: ReadonlyMap<string, Effect>): void {
    const parts: HTMLElement[] = [];
    if (understood.unknownWords.length) parts.push(read(prompt, understood.unknownWords));
    const chips: HTMLElement[] = understood.layers.map((layer) => this.chip(layer, effects.get(layer.effect)));
    const facts = understood.durationS === undefined ? [] : [`${rounded(understood.durationS)} s`];
    if (understood.loop) facts.push("loop");
    chips.push(...facts.map((fact) => make("span", { class: "fact" }, fact)));
    if (chips.length) parts.push(make("div", { class: "chips" }, ...chips));
    if (understood.lowConfidence) {
      const [best] = understood.layers;
      const others = understood.candidates.filter(({ effect }) => effect !== best?.effect).slice(0, 3);
      parts.push(
        this.offers(
          others.length ? "Not sure. Or did you mean" : "Not sure of these words.",
          others.map(({ effect }) => [effects.get(effect)?.title ?? effect, () => this.choices.effect(effect)]),
        ),
      );
    }
    if (!understood.layers.length) {
      const instead = understood.suggestions.map((words): Offer => [words, () => this.choices.words(words)]);
      parts.push(this.offers("Nothing here sounds like that. Try", instead));
    }
    this.into.replaceChildren(...parts);
  }

  clear(): void {
    this.into.replaceChildren();
  }

  private chip(layer: Layer, effect: Effect | undefined): HTMLElement {
    const name = layer.preset ? `${layer.effect}/${layer.preset}` : layer.effect;
    const title = effect?.title ?? layer.effect;
    const told = layer.preset ? `${title}, ${layer.preset.replaceAll("_", " ")}` : title;
    const level = layer.levelDb ? ` ${layer.levelDb > 0 ? "+" : "−"}${rounded(Math.abs(layer.levelDb))} dB` : "";
    const button = make("button", { type: "button", class: "chip layer", title: "Take this effect by itself" });
    button.append(make("strong", {}, told), level);
    const moved = movedOf(layer, effect);
    if (moved.length) button.append(make("span", { class: "muted" }, moved.slice(0, MAX_SHOWN).join(", ")));
    button.addEventListener("click", () => this.choices.effect(name));
    return button;
  }

  private offers(said: string, offers: Offer[]): HTMLElement {
    const buttons = offers.map(([label, take]) => {
      const button = make("button", { type: "button", class: "chip" }, label);
      button.addEventListener("click", take);
      return button;
    });
    return make("div", { class: "chips" }, make("span", { class: "muted small" }, said), ...buttons);
  }
}

/** Returns the prompt with what meant nothing struck through. */
function read(prompt: string, unknown: readonly string[]): HTMLElement {
  const left = new Set(unknown.map((word) => word.toLowerCase()));
  const line = make("p", { class: "read small" }, make("span", { class: "unseen" }, "Not understood: "));
  const words = [...left].map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  for (const part of prompt.split(new RegExp(`(${words.join("|")})`, "giu"))) {
    if (part) line.append(left.has(part.toLowerCase()) ? make("s", {}, part) : part);
  }
  return line;
}

/** Returns those parameters of a layer that are not its effect's defaults. */
function movedOf(layer: Layer, effect: Effect | undefined): string[] {
  return (effect?.parameters ?? []).flatMap((parameter) => {
    const { kind } = layer.parameters[parameter.name] ?? { kind: { case: undefined } };
    if (kind.case === "choice" && kind.value !== parameter.defaultChoice) return [kind.value.replaceAll("_", " ")];
    if (kind.case === "number" && Math.abs(kind.value - parameter.defaultNumber) > 1e-9) {
      return [`${labelOf(parameter.name).toLowerCase()} ${rounded(kind.value)} ${parameter.unit}`.trim()];
    }
    return [];
  });
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
