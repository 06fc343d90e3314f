/** A live session over HTTP/1.1: one call listens, others hand the commands in. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, type Client } from "@connectrpc/connect";

import { soundOf, valueOf, valuesOf, type Sound, type Values } from "./ask";
import { answered, streamed } from "./call";
import { SwashError } from "./error";
import {
  Encoding,
  PerformRequestSchema,
  type Applied,
  type OpenSessionSchema,
  type PerformRequest,
  type PerformResponse,
  type SessionClosed,
  type SessionOpened,
  type SoundService,
} from "./gen/swash/v1/sound_pb";
import { Bell, defer, pause, type Deferred } from "./waiting";

const MAX_UNREAD_S = 30; // of audio that nobody fetched; then nothing more is read, answers neither
const MAX_REQUESTS = 256; // of one Control: prompts of any length stay far below what a request may hold
const CONTROL_TIMEOUT_MS = 10_000;
const RETRY_MS = [100, 200, 400, 800, 1600, 3200]; // then the connection counts as broken
const TRANSIENT = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted]);

/** When a command takes effect: the frame of the session, rounded up to 10 ms. Left out: at once. */
export interface When {
  atFrame?: number;
}

/** A command as the contract has it; its number is the session's. */
export type Commanded = Pick<
  Exclude<MessageInitShape<typeof PerformRequestSchema>, PerformRequest>,
  "command" | "atFrame"
>;

/** How a voice begins. */
export type Begin = Sound &
  When & {
    seed?: number;
    objectSeed?: number;
    /** Sounds only when it is triggered. */
    armed?: boolean;
    /** 0 to 60000. Left out: 5 for what goes on, none for what ends by itself. */
    fadeInMs?: number;
  };

/**
 * A session: start voices, steer them, and iterate for what comes, audio among it.
 *
 * Commands may be given at once, also before it is open; their order is kept. Each returns a promise of its
 * answer, which need not be waited for. Answers come while nobody iterates too, up to 30 s of audio.
 */
export class Session implements AsyncIterable<PerformResponse> {
  /** Resolves when the session is there. */
  readonly opened: Promise<SessionOpened>;
  /** Resolves after the last event; rejects when it ended in another way. */
  readonly closed: Promise<SessionClosed>;

  private readonly leaving = new AbortController();
  private readonly opening = defer<SessionOpened>();
  private readonly closing = defer<SessionClosed>();
  private readonly answers = new Map<number, Deferred<Applied>>();
  private readonly outbox: PerformRequest[] = [];
  private readonly unread: PerformResponse[] = [];
  private readonly handedIn = new Bell();
  private readonly arrived = new Bell();
  private readonly fetched = new Bell();
  private unreadBytes = 0;
  private frames = 0;
  private frameBytes = 0;
  private maxUnreadBytes = 0;
  private lastId = 0;
  private lastVoice = 0;
  private finished = false;
  private over = false;
  private error: SwashError | undefined;

  constructor(
    private readonly rpcs: Client<typeof SoundService>,
    opening: MessageInitShape<typeof OpenSessionSchema>,
    private readonly signal?: AbortSignal,
  ) {
    this.opened = this.opening.promise;
    this.closed = this.closing.promise;
    if (signal?.aborted) this.abort();
    signal?.addEventListener("abort", this.abort);
    void this.listen(opening);
    void this.deliver();
  }

  /** Begins a voice. */
  start({ seed, objectSeed, armed, fadeInMs, atFrame, ...sound }: Begin): Voice {
    const voice = ++this.lastVoice;
    const value = { voice, ...soundOf(sound), seed, objectSeed, armed, fadeInMs };
    return new Voice(this, voice, this.command({ command: { case: "start", value }, atFrame: at(atFrame) }));
  }

  /** Ends every voice, within 0 to 60000 ms; left out: 100. */
  stop({ releaseMs, atFrame }: { releaseMs?: number } & When = {}): Promise<Applied> {
    return this.command({ command: { case: "stop", value: { releaseMs } }, atFrame: at(atFrame) });
  }

  /** Gives any command of the contract, under a number of its own; rejects when it is refused. */
  command({ command, atFrame }: Commanded): Promise<Applied> {
    const answer = defer<Applied>();
    if (this.over || this.finished) {
      answer.reject(this.error ?? new SwashError("the session takes no more commands", Code.FailedPrecondition));
      return answer.promise;
    }
    const id = ++this.lastId;
    this.answers.set(id, answer);
    this.outbox.push(create(PerformRequestSchema, { id, command, atFrame }));
    this.handedIn.ring();
    return answer.promise;
  }

  /** Says that no more commands come: those that wait are done, then all is released and the session closes. */
  finish(): void {
    this.finished = true;
    this.handedIn.ring();
  }

  /** Ends it at once, and every voice with it. */
  readonly abort = (): void => {
    if (!this.over) this.unread.length = 0;
    this.end(new SwashError("the session was left", Code.Canceled));
  };

  /** Yields every event once, in order; leaving the loop ends the session. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PerformResponse, void, undefined> {
    try {
      for (;;) {
        const event = this.unread.shift();
        if (event) {
          this.unreadBytes -= audioBytes(event);
          this.fetched.ring();
          yield event;
        } else if (this.over) {
          if (this.error) throw this.error;
          return;
        } else {
          await this.arrived.rung();
        }
      }
    } finally {
      this.abort();
    }
  }

  /** Takes in what comes until the session is over. */
  private async listen(opening: MessageInitShape<typeof OpenSessionSchema>): Promise<void> {
    const call = { signal: this.leaving.signal, timeoutMs: 0 }; // a session has no deadline
    try {
      for await (const event of streamed((how) => this.rpcs.listen({ open: opening }, how), call)) {
        this.takeIn(event);
        while (this.unreadBytes > this.maxUnreadBytes && !this.over) await this.fetched.rung();
      }
      this.end(this.closing.settled ? undefined : new SwashError("the session broke off", Code.Unavailable));
    } catch (reason) {
      this.end(SwashError.from(reason));
    }
  }

  /** Hands commands in, one call at a time: what is commanded meanwhile goes into the next. */
  private async deliver(): Promise<void> {
    try {
      const { session } = await this.opened;
      let end = false;
      for (let number = 0n; !end; number++) {
        while (!this.outbox.length && !this.finished) await this.handedIn.rung();
        if (this.over) return;
        const requests = this.outbox.splice(0, MAX_REQUESTS);
        end = this.finished && !this.outbox.length;
        await this.handIn({ session, number, requests, end });
      }
    } catch (reason) {
      this.end(SwashError.from(reason));
    }
  }

  /** Makes one Control call, again under the same number when it did not get through. */
  private async handIn(call: { session: string; number: bigint; requests: PerformRequest[]; end: boolean }) {
    const how = { signal: this.leaving.signal, timeoutMs: CONTROL_TIMEOUT_MS };
    for (const waitMs of [...RETRY_MS, undefined]) {
      try {
        await answered(this.rpcs.control(call, how));
        return;
      } catch (reason) {
        const error = SwashError.from(reason);
        if (this.over) return; // nobody is there to be told, and nothing is missing
        if (waitMs === undefined || !TRANSIENT.has(error.code)) throw error;
        await pause(Math.max(waitMs, error.retryAfterMs ?? 0), this.leaving.signal);
        if (this.over) return;
      }
    }
  }

  private takeIn(event: PerformResponse): void {
    const { case: kind, value } = event.event;
    if (kind === "opened") {
      this.frameBytes = value.channels * (value.encoding === Encoding.PCM_F32LE ? 4 : 2);
      this.maxUnreadBytes = MAX_UNREAD_S * value.sampleRate * this.frameBytes;
      this.opening.resolve(value);
    } else if (kind === "applied") {
      this.answerOf(value.id)?.resolve(value);
    } else if (kind === "refused") {
      this.answerOf(value.id)?.reject(SwashError.ofRefused(value));
    } else if (kind === "audio") {
      this.count(Number(value.firstFrame), value.data.length);
    } else if (kind === "closed") {
      this.count(Number(value.frames), 0);
      this.closing.resolve(value);
    }
    this.unread.push(event);
    this.unreadBytes += audioBytes(event);
    this.arrived.ring();
  }

  private count(frame: number, bytes: number): void {
    if (frame !== this.frames) throw new SwashError(`audio is missing after frame ${this.frames}`, Code.DataLoss);
    this.frames += bytes / this.frameBytes;
  }

  private answerOf(id: number): Deferred<Applied> | undefined {
    const answer = this.answers.get(id);
    this.answers.delete(id);
    return answer;
  }

  /** Ends everything that waits; only the first end counts. */
  private end(error: SwashError | undefined): void {
    if (this.over) return;
    this.over = true;
    this.error = error;
    const left = error ?? new SwashError("the session is over", Code.Unavailable);
    this.opening.reject(left);
    this.closing.reject(left);
    for (const answer of this.answers.values()) answer.reject(left);
    this.answers.clear();
    this.signal?.removeEventListener("abort", this.abort);
    if (error) this.leaving.abort();
    for (const bell of [this.handedIn, this.arrived, this.fetched]) bell.ring();
  }
}

/** One voice of a session. */
export class Voice {
  constructor(
    private readonly session: Session,
    readonly number: number,
    /** The answer to the command that began it. */
    readonly started: Promise<Applied>,
  ) {}

  /** Moves a control: of what sounds a live number, of an armed voice any parameter, from the next trigger on. */
  set(
    name: string,
    value: number | string,
    { rampMs, layer, atFrame }: { rampMs?: number; layer?: number } & When = {},
  ): Promise<Applied> {
    const move = { voice: this.number, name, value: valueOf(value), rampMs, layer };
    return this.session.command({ command: { case: "setParameter", value: move }, atFrame: at(atFrame) });
  }

  /** Sounds an armed voice once more; `parameters` for this once. */
  trigger(parameters?: Values, { seed, atFrame }: { seed?: number } & When = {}): Promise<Applied> {
    const value = { voice: this.number, parameters: valuesOf(parameters), seed };
    return this.session.command({ command: { case: "trigger", value }, atFrame: at(atFrame) });
  }

  /** Lets it sound like something else, within 10 to 60000 ms; left out: 1000. */
  crossfade(
    sound: Sound,
    { seed, objectSeed, fadeMs, atFrame }: { seed?: number; objectSeed?: number; fadeMs?: number } & When = {},
  ): Promise<Applied> {
    const value = { voice: this.number, ...soundOf(sound), seed, objectSeed, fadeMs };
    return this.session.command({ command: { case: "crossfade", value }, atFrame: at(atFrame) });
  }

  /** Ends it, within 0 to 60000 ms; left out: 100. */
  stop({ releaseMs, atFrame }: { releaseMs?: number } & When = {}): Promise<Applied> {
    const value = { voice: this.number, releaseMs };
    return this.session.command({ command: { case: "stop", value }, atFrame: at(atFrame) });
  }
}

function audioBytes({ event }: PerformResponse): number {
  return event.case === "audio" ? event.value.data.length : 0;
}

function at(frame: number | undefined): bigint | undefined {
  return frame === undefined ? undefined : BigInt(frame);
}
