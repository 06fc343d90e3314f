/** The audition page: what its controls do. */

import "./main.css";

import { byId, make } from "../shared/dom";
import { LANGUAGES } from "./code";
import { Desk } from "./desk";
import { encodingOptions } from "./figures";
import { listen } from "./keys";
import type { EncodingName } from "./sound";
import { wire } from "./tabs";

const NARROW = "(max-width: 1279px)"; // main.css: the catalogue stands above the rest
const SEEK_S = 0.25;

const encoding = byId<HTMLSelectElement>("encoding");
const language = byId<HTMLSelectElement>("language");
const help = byId<HTMLDialogElement>("help");
const stage = byId("stage");
encoding.replaceChildren(...encodingOptions());
language.replaceChildren(...Object.entries(LANGUAGES).map(([value, title]) => make("option", { value }, title)));
if (matchMedia(NARROW).matches) byId<HTMLDetailsElement>("catalogue").open = false;

const desk = new Desk();
const prompt = byId<HTMLInputElement>("prompt");
prompt.addEventListener("input", () => desk.type());
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  void desk.make({ anew: true });
});

const onClick = (id: string, act: () => unknown) => byId(id).addEventListener("click", () => void act());
onClick("play", () => desk.playOrStop());
onClick("loop", () => desk.loop());
onClick("seam-hear", () => desk.hearSeam());
onClick("live", () => desk.toggleLive());
onClick("four", () => desk.make({ four: true }));
onClick("dice", () => desk.roll());
onClick("lock", () => desk.lock());
onClick("parameters-reset", () => desk.resetParameters());
onClick("bank-add", () => desk.keep());
onClick("download", () => desk.download(encoding.value as EncodingName));
onClick("share", () => desk.share());
onClick("copy", () => desk.copyCode());
onClick("help-open", () => help.showModal());
onClick("help-close", () => help.close());
help.addEventListener("click", (event) => {
  if (event.target === help) help.close(); // beside it
});
byId("match").addEventListener("change", () => desk.match());
language.addEventListener("change", () => desk.chooseLanguage());
const volume = byId<HTMLInputElement>("volume");
volume.addEventListener("input", () => (desk.volume = (volume.valueAsNumber / 100) ** 2)); // as ears count
stage.addEventListener("pointerdown", (event) => desk.seek(event));
stage.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -SEEK_S, ArrowRight: SEEK_S }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  desk.seekBy(by);
});
wire(byId("tabs"));
listen({
  playOrStop: () => desk.playOrStop(),
  stop: () => desk.stop(),
  roll: () => desk.roll(),
  step: (by) => desk.step(by),
  loop: () => desk.loop(),
  take: (number) => desk.take(number),
  match: () => desk.match(),
  keep: () => desk.keep(),
  prompt: () => prompt.focus(),
  help: () => help.showModal(),
});
desk.start();
