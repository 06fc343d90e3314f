/** Each engine: whether it is there, and what to do when it is not. */

import { make } from "../shared/dom";
import type { Engine } from "./data";

const WORDS = { ready: "ready", "warming up": "warming up", absent: "not here" } as const;

/** Writes the engines into a list. */
export function showEngines(engines: readonly Engine[], list: HTMLElement): void {
  const told = JSON.stringify(engines);
  if (list.dataset.told === told) return; // nothing to read aloud again
  list.dataset.told = told;
  list.replaceChildren(
    ...engines.map(({ name, version, state, advice }) =>
      make(
        "li",
        { class: "engine panel", "data-state": state },
        make("h3", {}, name),
        make("span", { class: "state" }, WORDS[state]),
        ...(version ? [make("span", { class: "figure small muted" }, version)] : []),
        ...(advice ? [make("p", { class: "small muted" }, advice)] : []),
      ),
    ),
  );
}
