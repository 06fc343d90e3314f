/** Sounds that are asked for again, where a call breaks off or the server has no room yet. */

import { clone } from "@bufbuild/protobuf";

import type { Deadline } from "./call";
import { Code, SwashError } from "./error";
import {
  Encoding,
  LoopMethod,
  RenderRequestSchema,
  type Header,
  type RenderRequest,
  type RenderResponse,
} from "./gen/swash/v1/sound_pb";
import { pause } from "./waiting";

const FIRST_WAIT_MS = 250;
const GROWTH = 2.5;
const SPREAD = 0.25; // of what the server says: those whom it told the same do not all come back at once

const SAMPLE_BYTES = new Map([
  [Encoding.PCM_S16LE, 2],
  [Encoding.PCM_F32LE, 4],
]);

/** How often before something new of it comes, and how long, one sound may be waited for. */
export class Patience {
  private readonly endMs: number;
  private failures = 0;

  constructor(
    private readonly retries: number,
    private readonly deadline: Deadline,
  ) {
    this.endMs = deadline.timeoutMs ? performance.now() + deadline.timeoutMs : Infinity;
  }

  /** What is left of the deadline, for the next call. */
  within(): Deadline {
    const leftMs = Math.max(1, Math.ceil(this.endMs - performance.now())); // whole, as it travels
    return { signal: this.deadline.signal, timeoutMs: Number.isFinite(leftMs) ? leftMs : 0 };
  }

  /** Something new has come. */
  refresh(): void {
    this.failures = 0;
  }

  /** Waits until it is worth asking again; throws the error where it is not. */
  async wait(error: SwashError): Promise<void> {
    const { signal } = this.deadline;
    const toldMs = error.retryAfterMs;
    const later = error.code === Code.Unavailable || (error.code === Code.ResourceExhausted && toldMs !== undefined);
    const waitMs =
      toldMs === undefined
        ? FIRST_WAIT_MS * GROWTH ** this.failures * (0.5 + 0.5 * Math.random())
        : toldMs * (1 + SPREAD * Math.random());
    if (!later || this.failures >= this.retries || performance.now() + waitMs >= this.endMs) throw error;
    this.failures += 1;
    await pause(waitMs, signal ?? new AbortController().signal);
    if (signal?.aborted) throw new SwashError("the call was left", Code.Canceled, {}, signal.reason);
  }
}

/** Returns the one answer to a call, made again where that is worth it. */
export async function asked<T>(call: (within: Deadline) => Promise<T>, patience: Patience): Promise<T> {
  for (;;) {
    try {
      return await call(patience.within());
    } catch (reason) {
      await patience.wait(SwashError.from(reason));
    }
  }
}

/** Yields the events of a sound as if they came in one call, however many it takes. */
export async function* unbroken(
  request: RenderRequest,
  call: (request: RenderRequest, within: Deadline) => AsyncIterable<RenderResponse>,
  patience: Patience,
): AsyncGenerator<RenderResponse, void, undefined> {
  const asking = new Asking(request);
  while (asking.unfinished) {
    try {
      for await (const event of call(asking.next(), patience.within())) {
        if (event.event.case === "audio") patience.refresh();
        if (asking.takeIn(event)) yield event;
      }
      asking.end();
    } catch (reason) {
      const error = SwashError.from(reason);
      if (!asking.resumable) throw error;
      await patience.wait(error);
    }
  }
}

/**
 * What has come of a sound, and what is to be asked for next.
 *
 * PCM goes on at the frame after the last, with the seed, the object and the engine that its header told; the takes
 * that are left follow in a call of their own.
 */
class Asking {
  private readonly takes: number;
  private first: Header | undefined;
  /** Of the take that is arriving. */
  private header: Header | undefined;
  private frames: bigint;
  private done = 0;
  /** The number of the first take of the call in flight. */
  private offset = 0;
  /** The header that comes next has been heard. */
  private goingOn = false;
  private over = false;

  constructor(private readonly request: RenderRequest) {
    this.takes = request.takes ?? 1;
    this.frames = request.firstFrame ?? 0n;
  }

  get unfinished(): boolean {
    return !this.over;
  }

  /** Whether a break loses nothing: a file that has begun cannot go on. */
  get resumable(): boolean {
    return !this.header || SAMPLE_BYTES.has(this.header.encoding);
  }

  next(): RenderRequest {
    this.offset = this.done;
    this.goingOn = this.header !== undefined;
    const request = clone(RenderRequestSchema, this.request);
    if (this.header) return this.restOfTake(request, this.header);
    return this.first ? this.takesLeft(request, this.first) : request;
  }

  /** Takes an event in; returns whether it is new. */
  takeIn({ event }: RenderResponse): boolean {
    if (event.case === "header") {
      event.value.take += this.offset;
      if (this.goingOn) return this.goOnWith(event.value);
      this.header = event.value;
      this.first ??= event.value;
    } else if (event.case === "audio" && this.header) {
      const frameBytes = this.header.channels * (SAMPLE_BYTES.get(this.header.encoding) ?? Infinity);
      this.frames += BigInt(Math.floor(event.value.data.length / frameBytes));
    } else if (event.case === "trailer") {
      event.value.take += this.offset;
      this.header = undefined;
      this.frames = this.request.firstFrame ?? 0n;
      this.done += 1;
    } else if (event.case === "progress") {
      event.value.take += this.offset;
    }
    return true;
  }

  /** A call has ended well. */
  end(): void {
    const onlyTheRest = this.offset + 1 < this.takes && this.goingOn && !this.header;
    this.over = !onlyTheRest;
    this.goingOn = false;
  }

  private goOnWith(header: Header): boolean {
    const { key, sampleRate, channels, encoding } = this.header!;
    const same = header.sampleRate === sampleRate && header.channels === channels && header.encoding === encoding;
    if (header.key !== key || !same) {
      throw new SwashError("the connection broke, and asked again the server makes another sound", Code.DataLoss);
    }
    return false;
  }

  private restOfTake(request: RenderRequest, header: Header): RenderRequest {
    if (request.takes !== undefined) request.takes = 1;
    request.seed = header.seed;
    request.objectSeed = header.objectSeed;
    request.engine = header.engine;
    request.firstFrame = this.frames;
    if (header.fallback) withoutNeural(request);
    return request;
  }

  private takesLeft(request: RenderRequest, first: Header): RenderRequest {
    request.takes = this.takes - this.done;
    request.seed = ((request.seed ?? first.replacedSeed ?? first.seed) + this.done) % 2 ** 32;
    request.objectSeed = first.objectSeed;
    if (!first.fallback) request.engine = first.engine;
    return request;
  }
}

/** Takes away what only the neural engine may be asked: the one that stood in for it refuses it. */
function withoutNeural(request: RenderRequest): void {
  request.steps = request.guidance = request.negativePrompt = request.initNoiseLevel = undefined;
  request.init = { case: undefined };
  request.shortWindow = request.fallback = false;
  request.loopMethod = LoopMethod.UNSPECIFIED;
}
