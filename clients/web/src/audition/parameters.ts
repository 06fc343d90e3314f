/** The controls of an effect: a slider and a number for each, or a list of choices. */

import type { Values } from "../ask";
import { Curve, type Effect, type Parameter } from "../gen/swash/v1/sound_pb";
import { icon, make } from "../shared/dom";

const STEPS = 1000; // of a slider
const DIGITS = 4;

/** What becomes of a control. */
export interface Moves {
  /** It is being moved. */
  moving(name: string, value: number | string): void;
  /** It has been moved. */
  moved(name: string, value: number | string): void;
  /** It goes back to what the preset or the words say. */
  reset(name: string): void;
}

/** One control on the page. */
interface Control {
  show(value: number | string, changed: boolean): void;
}

/** The controls of one effect at a time. */
export class Parameters {
  private effect = "";
  private controls = new Map<string, Control>();

  constructor(
    private readonly into: HTMLElement,
    private readonly moves: Moves,
  ) {}

  /** Shows the parameters of an effect: `values` are all of them, `changed` those that were set by hand. */
  show(effect: Effect, values: Values, changed: ReadonlySet<string>): void {
    if (effect.id !== this.effect) this.rebuild(effect);
    for (const parameter of effect.parameters) {
      const { name, choices, defaultChoice, defaultNumber } = parameter;
      const value = values[name] ?? (choices.length ? defaultChoice : defaultNumber);
      this.controls.get(name)?.show(value, changed.has(name));
    }
  }

  /** Shows none, and why. */
  clear(why: string): void {
    this.effect = "";
    this.controls.clear();
    this.into.replaceChildren(make("p", { class: "muted" }, why));
  }

  private rebuild(effect: Effect): void {
    this.effect = effect.id;
    this.controls = new Map();
    this.into.replaceChildren(
      ...effect.parameters.map((parameter) => {
        const { row, control } = parameter.choices.length ? this.choice(parameter) : this.number(parameter);
        this.controls.set(parameter.name, control);
        return row;
      }),
    );
  }

  private number(parameter: Parameter): { row: HTMLElement; control: Control } {
    const { name, minimum, maximum } = parameter;
    const id = `parameter-${name}`;
    const label = `${labelOf(name)}, exactly`;
    const slider = make("input", { type: "range", id, min: 0, max: STEPS, step: 1, title: parameter.description });
    const number = make("input", { type: "number", min: minimum, max: maximum, step: "any", "aria-label": label });
    const slid = () => rounded(valueAt(parameter, Number(slider.value) / STEPS));
    const said = (value: number) => `${rounded(value)} ${parameter.unit}`.trim();
    const put = (value: number) => {
      slider.value = String(Math.round(STEPS * shareOf(parameter, value)));
      slider.setAttribute("aria-valuetext", said(value));
      number.value = String(rounded(value));
    };
    slider.addEventListener("input", () => {
      const value = slid();
      slider.setAttribute("aria-valuetext", said(value));
      number.value = String(value);
      this.moves.moving(name, value);
    });
    slider.addEventListener("change", () => this.moves.moved(name, slid()));
    number.addEventListener("change", () => {
      const value = Math.min(maximum, Math.max(minimum, Number(number.value)));
      if (number.value === "" || !Number.isFinite(value)) return this.moves.reset(name);
      put(value);
      this.moves.moved(name, value);
    });
    const unit = make("span", { class: "unit" }, parameter.unit);
    const { row, show } = this.row(parameter, id, [slider], [number, unit]);
    return { row, control: { show: (value, changed) => (put(Number(value)), show(changed)) } };
  }

  private choice(parameter: Parameter): { row: HTMLElement; control: Control } {
    const id = `parameter-${parameter.name}`;
    const select = make(
      "select",
      { id, title: parameter.description },
      ...parameter.choices.map((choice) => make("option", { value: choice }, choice.replaceAll("_", " "))),
    );
    select.addEventListener("change", () => this.moves.moved(parameter.name, select.value));
    const { row, show } = this.row(parameter, id, [select], []);
    return { row, control: { show: (value, changed) => ((select.value = String(value)), show(changed)) } };
  }

  private row(parameter: Parameter, id: string, controls: HTMLElement[], exact: HTMLElement[]) {
    const name = labelOf(parameter.name);
    const reset = `Reset ${name}`;
    const back = make("button", { type: "button", class: "quiet back", "aria-label": reset }, icon("undo"));
    back.addEventListener("click", () => this.moves.reset(parameter.name));
    const label = make("label", { for: id, title: parameter.description }, name);
    const head = make("div", { class: "parameter-head" }, label);
    const why = "Can be moved while it sounds, in live mode";
    if (parameter.live) head.append(make("span", { class: "live-mark", title: why }, "live"));
    head.append(make("span", { class: "exact" }, ...exact), back);
    const row = make("div", { class: "parameter" }, head, ...controls);
    return {
      row,
      show: (changed: boolean) => {
        row.classList.toggle("changed", changed);
        back.hidden = !changed;
      },
    };
  }
}

/** Returns a parameter's name as a label: without its unit, which stands beside the number. */
export function labelOf(name: string): string {
  const words = name.replace(/_(db|hz|khz|ms|m_s|per_min|per_s|km|m|s|cm|kg)$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shareOf({ minimum, maximum, curve }: Parameter, value: number): number {
  if (curve === Curve.LOGARITHMIC) return Math.log(value / minimum) / Math.log(maximum / minimum);
  return (value - minimum) / (maximum - minimum);
}

function valueAt({ minimum, maximum, curve }: Parameter, share: number): number {
  const steady = minimum + share * (maximum - minimum);
  const value = curve === Curve.LOGARITHMIC ? minimum * (maximum / minimum) ** share : steady;
  return Math.min(maximum, Math.max(minimum, value));
}

/** Returns a number with four digits at most: what is shown is what is sent. */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
