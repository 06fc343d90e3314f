/** A take while it arrives: its samples so far, and at its end what was measured, and that it is right. */

import { SwashError, Code, type Swash } from "../client";
import { Encoding, type Header, type Progress, type Trailer } from "../gen/swash/v1/sound_pb";
import { joined } from "../take";
import { requestFor, type Sound } from "./sound";

const FULL_SCALE = 32_768; // of 16-bit samples
const LONGEST_S = 120; // that a server makes
const TIMEOUT_MS = 600_000; // a neural sound may wait its turn

/** What a recording tells of itself. */
export interface Listener {
  progress?(progress: Progress): void;
  /** The header is there: its samples follow. */
  began?(): void;
  /** Samples were added at the end, one array a channel. */
  grew?(samples: Float32Array<ArrayBuffer>[], firstFrame: number): void;
  /** All of it is there. */
  ended?(): void;
}

/** One take. */
export class Recording {
  readonly channels: Float32Array<ArrayBuffer>[] = [];
  frames = 0;
  trailer: Trailer | undefined;
  /** SHA-256 over what arrived, hexadecimal; empty where the browser does not hash (no https). */
  sha256 = "";
  readonly listeners = new Set<Listener>();
  private parts: Uint8Array[] = [];

  constructor(
    /** As it can be asked for again: with its seed. */
    readonly sound: Sound,
    readonly header: Header,
    /** From the request to the first samples. */
    public firstMs = 0,
  ) {
    const frames = Number(header.frames ?? LONGEST_S * header.sampleRate);
    for (let channel = 0; channel < header.channels; channel++) this.channels.push(new Float32Array(frames));
  }

  get rate(): number {
    return this.header.sampleRate;
  }

  get durationS(): number {
    const frames = this.trailer?.frames ?? this.header.frames;
    return (frames === undefined ? this.frames : Number(frames)) / this.rate;
  }

  get done(): boolean {
    return this.trailer !== undefined;
  }

  /** Where it repeats: its loop points, or all of it when it is none. In frames. */
  get turn(): { start: number; end: number } {
    const { loop } = this.header;
    return { start: Number(loop?.startFrame ?? 0), end: Number(loop?.endFrame ?? this.frames) };
  }

  /** Returns the samples that are there, without copying them. */
  samples(): Float32Array<ArrayBuffer>[] {
    return this.channels.map((channel) => channel.subarray(0, this.frames));
  }

  add(data: Uint8Array): void {
    this.parts.push(data);
    const { length } = this.channels;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const frames = Math.min(data.byteLength / 2 / length, (this.channels[0]?.length ?? 0) - this.frames);
    const first = this.frames;
    this.channels.forEach((channel, number) => {
      for (let frame = 0; frame < frames; frame++) {
        channel[first + frame] = view.getInt16((frame * length + number) * 2, true) / FULL_SCALE;
      }
    });
    this.frames += frames;
    const added = this.channels.map((channel) => channel.subarray(first, this.frames));
    for (const each of this.listeners) each.grew?.(added, first);
  }

  /** Takes in the end; throws DataLoss when what arrived is not what was made. */
  async end(trailer: Trailer): Promise<void> {
    const bytes = joined(this.parts);
    this.parts = [];
    if (this.frames !== Number(trailer.frames)) {
      throw new SwashError(`${this.frames} of ${trailer.frames} frames arrived`, Code.DataLoss);
    }
    if (crypto.subtle) {
      this.sha256 = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
      if (this.sha256 !== hex(trailer.sha256)) {
        throw new SwashError("the SHA-256 of the samples that arrived is not the server's", Code.DataLoss);
      }
    }
    this.trailer = trailer;
    for (const each of this.listeners) each.ended?.();
  }
}

/** Asks for a sound, and yields each of its takes when it begins; each grows while the next is waited for. */
export async function* recorded(
  swash: Swash,
  sound: Sound,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): AsyncGenerator<Recording, void, undefined> {
  const { takes: _, encoding: __, ...once } = sound;
  const asked = requestFor(sound.takes ? { ...once, takes: sound.takes } : once);
  asked.encoding = Encoding.PCM_S16LE;
  const beganMs = performance.now();
  let recording: Recording | undefined;
  let begun = false;
  for await (const { event } of swash.render(asked, { signal, timeoutMs: TIMEOUT_MS })) {
    if (event.case === "progress") onProgress(event.value);
    else if (event.case === "header") {
      recording = new Recording({ ...once, seed: event.value.seed }, event.value);
      begun = false;
    } else if (event.case === "audio" && recording) {
      if (!begun) recording.firstMs = performance.now() - beganMs;
      recording.add(event.value.data);
      if (!begun) yield recording;
      begun = true;
    } else if (event.case === "trailer" && recording) {
      await recording.end(event.value);
      if (!begun) yield recording;
      recording = undefined;
    }
  }
  if (recording) throw new SwashError("the stream ended before the sound did", Code.DataLoss);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
