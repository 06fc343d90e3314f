/** The bank as a manifest: what `swash bake` and Preload take. */

import { headers } from "../shared/credentials";
import { fieldsOf, soundOf, type Sound } from "./sound";

/** A sound that was kept, and what the game calls it. */
export interface Kept {
  name: string;
  sound: Sound;
}

/** Returns sounds as a manifest in YAML; its scalars are JSON's, which YAML reads alike. */
export function manifestOf(kept: readonly Kept[], tag: string): string {
  const lines = ["swash: 1"];
  if (tag) lines.push(`tag: ${JSON.stringify(tag)}`);
  lines.push("sounds:");
  for (const { name, sound } of kept) {
    lines.push(`  - name: ${JSON.stringify(name)}`);
    const [what, words] = sound.prompt !== undefined ? ["prompt", sound.prompt] : ["effect", sound.effect ?? ""];
    lines.push(`    ${what}: ${JSON.stringify(words)}`);
    if (Object.keys(sound.parameters).length) lines.push(`    parameters: ${JSON.stringify(sound.parameters)}`);
    for (const [field, value] of fieldsOf(sound)) lines.push(`    ${field}: ${JSON.stringify(value)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** What a manifest says that somebody else may have written. */
export interface Imported {
  tag: string | undefined;
  kept: Kept[];
  /** Sounds that begin with a file, which only `swash bake` can read. */
  leftOut: number;
}

/** Has the server read a manifest, as `swash bake` would; throws an Error with every line that is wrong. */
export async function imported(text: string): Promise<Imported> {
  const answer = await fetch("/manifest", { method: "POST", body: text, headers: headers() });
  const said = (await answer.json()) as {
    problems?: string[];
    tag?: string | null;
    sounds?: { name: string; request: unknown; init_audio: boolean }[];
  };
  if (!answer.ok) throw new Error(said.problems?.join("\n") ?? answer.statusText);
  const kept: Kept[] = [];
  let leftOut = 0;
  for (const { name, request, init_audio: fromFile } of said.sounds ?? []) {
    const sound = fromFile ? undefined : soundOf(request);
    if (sound) kept.push({ name, sound });
    else leftOut += 1;
  }
  return { tag: said.tag ?? undefined, kept, leftOut };
}

/** Returns something kept as it was stored; undefined for anything else. */
export function keptOf(entry: unknown): Kept | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { name, sound } = entry as { name?: unknown; sound?: unknown };
  const checked = soundOf(sound);
  return typeof name === "string" && checked ? { name: name.slice(0, 100), sound: checked } : undefined;
}

/** Returns a name that no other has: manifests want each once. */
export function distinct(name: string, others: readonly string[]): string {
  const stem = name.trim().slice(0, 90) || "sound";
  for (let number = 1; ; number++) {
    const one = number === 1 ? stem : `${stem} ${number}`;
    if (!others.includes(one)) return one;
  }
}
