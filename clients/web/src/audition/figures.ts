/** What is known of a take: length, loudness, peak, and how it came. */

import { Cached, type Header } from "../client";
import { byId, make } from "../shared/dom";
import type { Recording } from "./recording";
import { ENCODINGS, titleOf, type EncodingName, type Sound } from "./sound";

const MADE: Record<Cached, string> = {
  [Cached.UNSPECIFIED]: "",
  [Cached.NO]: "now",
  [Cached.JOINED]: "now, joined",
  [Cached.MEMORY]: "before, in memory",
  [Cached.STORE]: "before, in the store",
  [Cached.SHARED]: "before, by another server",
};

export const ENCODING_TITLES: Record<EncodingName, string> = {
  wav: "WAV, 16 bit",
  flac: "FLAC",
  ogg_vorbis: "Ogg Vorbis",
  ogg_opus: "Ogg Opus",
  pcm_s16le: "PCM, 16 bit",
  pcm_f32le: "PCM, float",
};
const SUFFIXES: Record<EncodingName, string> = {
  wav: "wav",
  flac: "flac",
  ogg_vorbis: "ogg",
  ogg_opus: "opus",
  pcm_s16le: "raw",
  pcm_f32le: "raw",
};
const MAX_FX_NAME = 24; // of the Universal Category System

/** Shows a take's figures; before its end, what is known of it. */
export function show(recording: Recording): void {
  const { header, trailer } = recording;
  const facts: [string, string, string?][] = [["Length", `${recording.durationS.toFixed(2)} s`]];
  if (trailer) {
    facts.push(["Loudness", `${decibels(trailer.loudnessLufs)} LUFS`]);
    facts.push(["True peak", `${decibels(trailer.truePeakDbtp)} dBTP`]);
  }
  facts.push(["Format", `${header.sampleRate / 1000} kHz ${header.channels === 1 ? "mono" : "stereo"}`]);
  facts.push(["Made", `${MADE[header.cached]}, by ${header.engine.replaceAll("_", " ")}`]);
  facts.push(["First sound", `${Math.round(recording.firstMs)} ms`]);
  if (trailer) facts.push(proof(recording));
  if (header.licence) facts.push(["Licence", header.licence]);
  byId("figures").replaceChildren(
    ...facts.map(([name, value, title]) => make("div", {}, make("dt", {}, name), make("dd", { title }, value))),
  );
  byId("figures").dataset.sha256 = recording.sha256;
}

/** Returns a level as people read it, with a minus and not a hyphen. */
export function decibels(level: number): string {
  return level.toFixed(1).replace("-", "−");
}

function proof({ sha256 }: Recording): [string, string, string] {
  if (!sha256) return ["SHA-256", "not checked", "Browsers hash only for pages of this machine and of https"];
  return ["SHA-256", `${sha256.slice(0, 8)} equal`, `What arrived is what the server made: ${sha256}`];
}

/** Returns what a file is called: CatID_FXName_CreatorID_SourceID_seed, as `swash bake` calls it. */
export function fileNameOf(sound: Sound, header: Header, encoding: EncodingName): string {
  const words = titleOf(sound).replace(/[^\p{L}\p{N}-]+/gu, " ").trim().split(" ");
  let name = "";
  for (const word of words) {
    const longer = `${name} ${word.charAt(0).toUpperCase()}${word.slice(1)}`.trim();
    if (longer.length > MAX_FX_NAME) break;
    name = longer;
  }
  const category = header.layers[0]?.ucsCatId ?? "DSGNMisc";
  return `${category}_${name || "Sound"}_SWSH_NONE_s${header.seed}.${SUFFIXES[encoding]}`;
}

/** Returns the options of the list of formats. */
export function encodingOptions(): HTMLOptionElement[] {
  return ENCODINGS.map((name) => make("option", { value: name }, ENCODING_TITLES[name]));
}
