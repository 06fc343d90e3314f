/**
 * A sound as it is asked for, by the names of the contract: what the page shows, keeps, shares as a link, and
 * writes into manifests and code are all views of it.
 */

import { fromJson, type JsonObject } from "@bufbuild/protobuf";

import type { Values } from "../ask";
import { RenderRequestSchema, type RenderRequest } from "../gen/swash/v1/sound_pb";

type Kind = "text" | "number" | "whole" | "flag" | "encoding" | "loop method";

/** The fields of RenderRequest beside what to sound like, in the order they are written. */
export const FIELDS = {
  engine: "text",
  seed: "whole",
  object_seed: "whole",
  duration_s: "number",
  loop: "flag",
  takes: "whole",
  sample_rate: "whole",
  channels: "whole",
  encoding: "encoding",
  loudness_lufs: "number",
  ceiling_dbtp: "number",
  trim: "flag",
  steps: "whole",
  guidance: "number",
  negative_prompt: "text",
  init_key: "text",
  init_noise_level: "number",
  short_window: "flag",
  loop_method: "loop method",
  fallback: "flag",
} as const satisfies Record<string, Kind>;

export type Field = keyof typeof FIELDS;

type ValueOf<K extends Kind> = K extends "number" | "whole" ? number : K extends "flag" ? boolean : string;

/** A sound; exactly one of `prompt` and `effect` is there. What is left out, the server chooses. */
export type Sound = { prompt?: string; effect?: string; parameters: Values } & {
  [F in Field]?: ValueOf<(typeof FIELDS)[F]>;
};

/** Encodings and loop methods as manifests name them, and the prefix that the contract puts before. */
const PREFIXES = { encoding: "ENCODING_", "loop method": "LOOP_METHOD_" };

export const ENCODINGS = ["wav", "flac", "ogg_vorbis", "ogg_opus", "pcm_s16le", "pcm_f32le"] as const;
export type EncodingName = (typeof ENCODINGS)[number];

const MAX_SEED = 0xffff_ffff;
const MAX_ROLLED = 100_000;
const MAX_TEXT = 1000;

/** Returns the fields that are said, in their order. */
export function fieldsOf(sound: Sound): [Field, number | string | boolean][] {
  return (Object.keys(FIELDS) as Field[]).flatMap((name) => {
    const value = sound[name];
    return value === undefined || value === "" ? [] : [[name, value]];
  });
}

/** Returns a sound as the contract's JSON, as grpcurl takes it. */
export function jsonOf(sound: Sound): JsonObject {
  const json: JsonObject = sound.prompt !== undefined ? { prompt: sound.prompt } : { effect: sound.effect ?? "" };
  const parameters = Object.entries(sound.parameters);
  if (parameters.length) {
    json.parameters = Object.fromEntries(
      parameters.map(([name, value]): [string, JsonObject] => [
        name,
        typeof value === "number" ? { number: value } : { choice: value },
      ]),
    );
  }
  for (const [name, value] of fieldsOf(sound)) {
    const kind: Kind = FIELDS[name];
    const isName = kind === "encoding" || kind === "loop method";
    json[name] = isName ? PREFIXES[kind] + String(value).toUpperCase() : value;
  }
  return json;
}

/** Returns the request for a sound. */
export function requestFor(sound: Sound): RenderRequest {
  return fromJson(RenderRequestSchema, jsonOf(sound));
}

/** Returns a sound from the contract's JSON, or from what this page kept; undefined when it is neither. */
export function soundOf(json: unknown): Sound | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const said = json as Record<string, unknown>;
  const sound: Sound = { parameters: valuesOf(said.parameters) };
  if (isText(said.prompt)) sound.prompt = said.prompt;
  else if (isText(said.effect)) sound.effect = said.effect;
  else return undefined;
  for (const name of Object.keys(FIELDS) as Field[]) {
    const value = checked(FIELDS[name], said[name]);
    if (value !== undefined) (sound as Record<string, unknown>)[name] = value;
  }
  return sound;
}

/** Returns the part of an address after its #, in which a sound is shared. */
export function hashOf(sound: Sound): string {
  const words = new URLSearchParams();
  if (sound.prompt !== undefined) words.set("prompt", sound.prompt);
  else words.set("effect", sound.effect ?? "");
  for (const [name, value] of Object.entries(sound.parameters)) words.set(`parameters.${name}`, String(value));
  for (const [name, value] of fieldsOf(sound)) words.set(name, String(value));
  return `#${words.toString().replaceAll("%2F", "/")}`;
}

/** Returns the sound that somebody shared; undefined when there is none. */
export function soundOfHash(hash: string): Sound | undefined {
  const said: Record<string, unknown> = {};
  const parameters: Record<string, number | string> = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (name.startsWith("parameters.")) parameters[name.slice("parameters.".length)] = numberOr(text);
    else if (name in FIELDS) said[name] = fromText(FIELDS[name as Field], text);
    else said[name] = text;
  }
  return soundOf({ ...said, parameters });
}

/** Returns what a sound is called until somebody gives it a name. */
export function titleOf(sound: Sound): string {
  if (sound.prompt !== undefined) return sound.prompt;
  const [effect = "", preset] = (sound.effect ?? "").split("/");
  return (preset ? `${effect}, ${preset}` : effect).replaceAll("_", " ");
}

/** Returns a seed by chance: five digits at most, which people can tell each other. */
export function rolled(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % MAX_ROLLED;
}

/** Returns the seed some steps away, around the end of their range. */
export function stepped(seed: number, by: number): number {
  return (seed + by + MAX_SEED + 1) % (MAX_SEED + 1);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT;
}

function checked(kind: Kind, value: unknown): number | string | boolean | undefined {
  if (kind === "number") return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  if (kind === "whole") {
    const whole = typeof value === "number" && Number.isInteger(value);
    return whole && value >= 0 && value <= MAX_SEED ? value : undefined;
  }
  if (kind === "flag") return typeof value === "boolean" ? value : undefined;
  if (!isText(value)) return undefined;
  if (kind === "text") return value;
  return value.replace(PREFIXES[kind], "").toLowerCase();
}

function fromText(kind: Kind, text: string): number | string | boolean {
  if (kind === "number" || kind === "whole") return text === "" ? NaN : Number(text);
  return kind === "flag" ? text === "true" : text;
}

function numberOr(text: string): number | string {
  const number = Number(text);
  return text !== "" && Number.isFinite(number) ? number : text;
}

/** Returns parameters, plain or as the contract's JSON has them. */
function valuesOf(said: unknown): Values {
  if (typeof said !== "object" || said === null) return {};
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, value]: [string, unknown]) => {
      const plain =
        typeof value === "object" && value !== null
          ? ((value as { number?: unknown }).number ?? (value as { choice?: unknown }).choice)
          : value;
      return (typeof plain === "number" && Number.isFinite(plain)) || isText(plain) ? [[name, plain]] : [];
    }),
  );
}
