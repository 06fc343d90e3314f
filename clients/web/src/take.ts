/** Whole sounds: gathered from the events of a call, and proved. */

import { Code } from "@connectrpc/connect";

import { SwashError } from "./error";
import { Encoding, type FetchResponse, type Header, type RenderResponse, type Trailer } from "./gen/swash/v1/sound_pb";

/** The most positive value of a 16-bit sample stands for just below 1. */
const PCM16_FULL_SCALE = 32768;

const SAMPLE_BYTES = new Map([
  [Encoding.PCM_S16LE, 2],
  [Encoding.PCM_F32LE, 4],
]);

/** A whole take. */
export class Take {
  constructor(
    readonly header: Header,
    /** PCM, interleaved, or the bytes of a file: `header.encoding` tells. */
    readonly data: Uint8Array<ArrayBuffer>,
    readonly trailer: Trailer,
  ) {}

  /** Returns the samples of each channel in [-1, 1], as AudioBuffer.copyToChannel takes them; PCM only. */
  channels(): Float32Array<ArrayBuffer>[] {
    return samplesOf(this.data, this.header.encoding, this.header.channels);
  }
}

/** Returns PCM as the samples of each channel, in [-1, 1]; throws a RangeError for a file. */
export function samplesOf(data: Uint8Array, encoding: Encoding, channels: number): Float32Array<ArrayBuffer>[] {
  const sampleBytes = SAMPLE_BYTES.get(encoding);
  if (sampleBytes === undefined) throw new RangeError(`encoding: PCM, got ${Encoding[encoding]}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frames = Math.floor(data.byteLength / sampleBytes / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: frames }, (_, frame) => {
      const at = (frame * channels + channel) * sampleBytes;
      return sampleBytes === 4 ? view.getFloat32(at, true) : view.getInt16(at, true) / PCM16_FULL_SCALE;
    }),
  );
}

/** Returns every take of a call; throws DataLoss when what arrived is not what was made. */
export async function gathered(events: AsyncIterable<RenderResponse>, firstFrame: number): Promise<Take[]> {
  const takes: Take[] = [];
  let header: Header | undefined;
  let parts: Uint8Array[] = [];
  for await (const { event } of events) {
    if (event.case === "header") {
      header = event.value;
      parts = [];
    } else if (event.case === "audio") {
      parts.push(event.value.data);
    } else if (event.case === "trailer" && header) {
      const take = new Take(header, joined(parts), event.value);
      await prove(take, firstFrame);
      takes.push(take);
      header = undefined;
    }
  }
  if (header || !takes.length) throw new SwashError("the stream ended before the sound did", Code.DataLoss);
  return takes;
}

/** Returns the take of a Fetch; throws DataLoss when it is not what was made. */
export async function proved({ header, data, trailer }: FetchResponse): Promise<Take> {
  if (!header || !trailer) throw new SwashError("the answer holds no whole take", Code.DataLoss);
  const take = new Take(header, joined([data]), trailer);
  await prove(take, 0);
  return take;
}

/** Returns parts as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Checks PCM. Browsers hash only for pages of this machine and of https. */
async function prove({ header, data, trailer }: Take, firstFrame: number): Promise<void> {
  const sampleBytes = SAMPLE_BYTES.get(header.encoding);
  if (sampleBytes === undefined) return;
  const frames = firstFrame + data.length / header.channels / sampleBytes;
  if (frames !== Math.max(firstFrame, Number(trailer.frames))) {
    throw new SwashError(`${frames} of ${trailer.frames} frames arrived`, Code.DataLoss);
  }
  if (firstFrame || !globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  if (digest.some((byte, at) => byte !== trailer.sha256[at])) {
    throw new SwashError("the SHA-256 of the samples that arrived is not the server's", Code.DataLoss);
  }
}
