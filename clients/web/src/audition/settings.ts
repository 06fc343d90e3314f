/** The fields of a sound beside its parameters: length, level, format, engine. */

import { EngineState, type GetServerInfoResponse } from "../client";
import { byId, make } from "../shared/dom";
import type { Field, Sound } from "./sound";

const RATES = [48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 96_000];
const DEFAULT_RATE = 48_000;

/** Which control is which field. */
const NUMBERS: [string, Field][] = [
  ["seed", "seed"],
  ["object-seed", "object_seed"],
  ["duration", "duration_s"],
  ["loudness", "loudness_lufs"],
  ["ceiling", "ceiling_dbtp"],
  ["steps", "steps"],
  ["guidance", "guidance"],
];

/** What these fields are set to; undefined: the server chooses. */
export type Setting = Partial<Record<Field, number | string | boolean | undefined>>;

/** The controls of those fields. */
export class Settings {
  private readonly rate = byId<HTMLSelectElement>("sample-rate");
  private readonly channels = byId<HTMLSelectElement>("channels");
  private readonly trim = byId<HTMLInputElement>("trim");
  private readonly engine = byId<HTMLSelectElement>("engine");
  private readonly negative = byId<HTMLInputElement>("negative-prompt");
  private readonly shortWindow = byId<HTMLInputElement>("short-window");

  constructor(onSet: (setting: Setting) => void) {
    this.rate.replaceChildren(...RATES.map((rate) => make("option", { value: rate }, String(rate))));
    for (const [id, field] of NUMBERS) {
      const input = byId<HTMLInputElement>(id);
      input.addEventListener("change", () => {
        const value = input.valueAsNumber;
        onSet({ [field]: Number.isFinite(value) ? value : undefined });
      });
    }
    const chosen = (select: HTMLSelectElement, field: Field, of: (value: string) => number | string | undefined) =>
      select.addEventListener("change", () => onSet({ [field]: of(select.value) }));
    chosen(this.rate, "sample_rate", (value) => (Number(value) === DEFAULT_RATE ? undefined : Number(value)));
    chosen(this.channels, "channels", (value) => (value === "" ? undefined : Number(value)));
    chosen(this.engine, "engine", (value) => value || undefined);
    this.trim.addEventListener("change", () => onSet({ trim: this.trim.checked ? undefined : false }));
    this.negative.addEventListener("change", () => {
      onSet({ negative_prompt: this.negative.value.trim() || undefined });
    });
    this.shortWindow.addEventListener("change", () => {
      onSet({ short_window: this.shortWindow.checked || undefined });
    });
  }

  /** Shows what a sound says. */
  show(sound: Sound): void {
    for (const [id, field] of NUMBERS) byId<HTMLInputElement>(id).value = String(sound[field] ?? "");
    const rate = sound.sample_rate ?? DEFAULT_RATE;
    if (!RATES.includes(rate) && !this.rate.querySelector(`[value="${rate}"]`)) {
      this.rate.append(make("option", { value: rate }, String(rate)));
    }
    this.rate.value = String(rate);
    this.channels.value = String(sound.channels ?? "");
    this.trim.checked = sound.trim ?? true;
    this.engine.value = sound.engine ?? "";
    this.negative.value = sound.negative_prompt ?? "";
    this.shortWindow.checked = sound.short_window ?? false;
    byId("neural-fields").hidden = sound.engine !== "stable_audio";
  }

  /** Offers the engines that are ready, where there is a choice. */
  offer({ engines, defaultEngine }: GetServerInfoResponse): void {
    const ready = engines.filter(({ state }) => state === EngineState.READY).map(({ name }) => name);
    byId("neural").hidden = ready.length < 2;
    const option = (value: string, label: string) => make("option", { value }, label.replaceAll("_", " "));
    this.engine.replaceChildren(
      option("", `the server's default, ${defaultEngine}`),
      ...ready.filter((name) => name !== defaultEngine).map((name) => option(name, name)),
    );
  }
}
