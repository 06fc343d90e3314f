/** What to ask for in plain objects, as the messages of the contract. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";

import {
  ParameterValueSchema,
  RenderRequestSchema,
  type ParameterValue,
  type RenderRequest,
} from "./gen/swash/v1/sound_pb";

/** Parameters by name: numbers, or names of choices. */
export type Values = Readonly<Record<string, number | string>>;

/** What to sound like, by words or by the id of an effect ("rain", "rain/tin_roof"). */
export type Sound = ({ prompt: string; effect?: never } | { effect: string; prompt?: never }) & {
  parameters?: Values;
};

type Fields<Init, But extends string> = Omit<Exclude<Init, { $typeName: string }>, "$typeName" | "$unknown" | But>;

/** A sound: what is left out, the server chooses. Ranges are told at RenderRequest. */
export type Ask = Sound & Fields<MessageInitShape<typeof RenderRequestSchema>, "sound" | "parameters">;

/** Returns a request; one that is a message already is returned as it is. */
export function requestOf(ask: Ask | RenderRequest): RenderRequest {
  if ("$typeName" in ask) return ask;
  const { prompt, effect, parameters, ...fields } = ask;
  return create(RenderRequestSchema, { ...fields, ...soundOf({ prompt, effect, parameters } as Sound) });
}

/** Returns what to sound like as the fields that several messages have. */
export function soundOf({ prompt, effect, parameters }: Sound) {
  const sound =
    prompt === undefined
      ? { case: "effect" as const, value: effect }
      : { case: "prompt" as const, value: prompt };
  return { sound, parameters: valuesOf(parameters) };
}

/** Returns parameters as they travel. */
export function valuesOf(values: Values = {}): Record<string, ParameterValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueOf(value)]));
}

/** Returns one parameter as it travels. */
export function valueOf(value: number | string): ParameterValue {
  return create(ParameterValueSchema, {
    kind: typeof value === "string" ? { case: "choice", value } : { case: "number", value },
  });
}
