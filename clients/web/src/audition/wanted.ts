/** The sound that is on the desk, and what can be done with it. */

import type { Values } from "../ask";
import { EffectKind, type Effect, type ParameterValue, type ResolvePromptResponse } from "../client";
import type { Field, Sound } from "./sound";

const NEURAL_FIELDS: Field[] = [
  "steps",
  "guidance",
  "negative_prompt",
  "init_key",
  "init_noise_level",
  "short_window",
  "loop_method",
];

/** What is asked for, as far as it is known. */
export class Wanted {
  /** Without its loop, which is `looping`. */
  sound: Sound = { parameters: {}, prompt: "" };
  /** What its words mean; undefined until the server has said so. */
  understood: ResolvePromptResponse | undefined;
  /** It is to go on: as a loop if it can be one, else by being played again. */
  looping = false;

  constructor(private readonly effects: ReadonlyMap<string, Effect>) {}

  /** Takes a sound over. */
  put({ loop, ...sound }: Sound): void {
    this.sound = sound;
    this.looping = loop ?? false;
    this.understood = undefined;
  }

  /** Changes fields of it; undefined leaves the choice to the server. */
  set(fields: { [F in keyof Sound]?: Sound[F] | undefined }): void {
    this.sound = { ...this.sound, ...fields } as Sound;
  }

  get said(): boolean {
    return Boolean(this.sound.prompt || this.sound.effect);
  }

  get neural(): boolean {
    return this.sound.engine === "stable_audio";
  }

  /** What to ask for: without what its engine does not know, and would refuse. */
  get asked(): Sound {
    const sound = this.neural ? { ...this.sound, parameters: {} } : without(this.sound, NEURAL_FIELDS);
    return this.looping && this.endless ? { ...sound, loop: true } : sound;
  }

  /** Whether it can be made as a loop. */
  get endless(): boolean {
    return this.neural || this.kinds.some((kind) => kind !== EffectKind.ONE_SHOT);
  }

  /** Whether a live voice of it waits to be triggered. */
  get armed(): boolean {
    const { kinds } = this;
    const once = (kind: EffectKind) =>
      kind === EffectKind.ONE_SHOT || (kind === EffectKind.EITHER && !this.looping);
    return kinds.length > 0 && kinds.every(once);
  }

  /** The effect whose parameters can be set, and the values that the preset or the words give them. */
  get first(): { effect: Effect; values: Values } | undefined {
    if (this.neural) return undefined;
    if (this.sound.effect !== undefined) {
      const [id = "", preset] = this.sound.effect.split("/");
      const effect = this.effects.get(id);
      const chosen = effect?.presets.find(({ name }) => name === preset);
      return effect && { effect, values: plain(chosen?.parameters ?? {}) };
    }
    const layer = this.understood?.layers[0];
    const effect = layer && this.effects.get(layer.effect);
    return effect && { effect, values: plain(layer.parameters) };
  }

  /** Whether a parameter can be moved while it sounds. */
  isLive(name: string): boolean {
    return this.first?.effect.parameters.find((parameter) => parameter.name === name)?.live ?? false;
  }

  private get kinds(): EffectKind[] {
    const { effect } = this.sound;
    const ids = effect !== undefined ? [effect.split("/")[0] ?? ""] : this.layers;
    return ids.flatMap((id) => this.effects.get(id)?.kind ?? []);
  }

  private get layers(): string[] {
    return (this.understood?.layers ?? []).map((layer) => layer.effect);
  }
}

function without(sound: Sound, fields: readonly Field[]): Sound {
  const left = { ...sound };
  for (const field of fields) delete left[field];
  return left;
}

/** Returns parameters of a message as plain values. */
function plain(parameters: Record<string, ParameterValue>): Values {
  const known = Object.entries(parameters).flatMap(([name, { kind }]) =>
    kind.value === undefined ? [] : [[name, kind.value] as const],
  );
  return Object.fromEntries(known);
}
