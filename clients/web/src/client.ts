/**
 * A client of swash for browsers: ask for a sound in words, hear it while it is made.
 *
 *     const swash = connect("http://127.0.0.1:8080");
 *     for await (const { event } of swash.render({ prompt: "slow waves on a pebble beach" })) ...
 */

import { createClient, type Client } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { create, type MessageInitShape } from "@bufbuild/protobuf";

import { requestOf, type Ask } from "./ask";
import { asked, Patience, unbroken } from "./asking";
import { answered, streamed, type CallOptions, type Deadline } from "./call";
import { Code, SwashError } from "./error";
import {
  PreloadRequestSchema,
  SoundService,
  type Effect,
  type GetServerInfoResponse,
  type OpenSessionSchema,
  type PreloadRequest,
  type PreloadResponse,
  type Priority,
  type RenderRequest,
  type RenderResponse,
  type ResolvePromptResponse,
  type UnloadResponse,
} from "./gen/swash/v1/sound_pb";
import { Session } from "./session";
import { gathered, proved, type Take } from "./take";
import { carrying, type Token } from "./token";

export type { Ask, Sound, Values } from "./ask";
export type { CallOptions } from "./call";
export { Code, SwashError, type FieldViolation } from "./error";
export * from "./gen/swash/v1/sound_pb";
export { Session, Voice } from "./session";
export { Take, samplesOf } from "./take";
export type { Token } from "./token";

const RETRIES = 2;
const TIMEOUT_MS = 60_000; // a minute of waiting is a fault, not a render
const PRELOAD_TIMEOUT_MS = 3_600_000; // a level's worth of neural sounds

/** How to reach a server. */
export interface ConnectOptions {
  /** The same rpcs either way; Connect is easier to read in a browser's tools. Left out: "connect". */
  protocol?: "connect" | "grpc-web";
  /** The deadline of each call but of preloads (an hour) and live sessions (none). Left out: 60 s. */
  timeoutMs?: number;
  /** Tells who calls, where a server asks; only over https, or to this very machine. */
  token?: Token;
  /** Sends the token unencrypted all the same: whoever listens on the way may use it from then on. */
  insecureToken?: boolean;
  /** How often a sound is asked for again, broken off or refused, before something new of it comes. Left out: 2. */
  retries?: number;
  /** What makes the requests. Left out: the browser's. */
  fetch?: typeof globalThis.fetch;
}

/** What may be said of a preload. */
export interface PreloadOptions extends CallOptions {
  /** Who goes first when the server is busy. Left out: those who render. */
  priority?: Priority;
}

/**
 * Returns a client of the server at an address, "http://127.0.0.1:8080"; it connects with its first call. Throws
 * InvalidArgument for a token that is none, or that others could read on its way.
 */
export function connect(baseUrl: string, options: ConnectOptions = {}): Swash {
  const { protocol = "connect", timeoutMs = TIMEOUT_MS, retries = RETRIES, token, insecureToken = false, fetch } = options;
  const interceptors = token === undefined ? [] : [carrying(token, baseUrl, insecureToken)];
  const transport = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  const rpcs = createClient(SoundService, transport({ baseUrl, useBinaryFormat: true, interceptors, fetch }));
  return new Swash(rpcs, timeoutMs, retries);
}

/** Asks a swash server for sounds. Every call throws a SwashError when it fails. */
export class Swash {
  constructor(
    /** The rpcs of the contract as they are. */
    readonly rpcs: Client<typeof SoundService>,
    private readonly timeoutMs: number,
    private readonly retries = RETRIES,
  ) {}

  /**
   * Yields the events of a sound while it is made: for each take progress, a header, audio and a trailer.
   * Leaving the loop stops the making. PCM whose connection breaks goes on at the next frame, and nobody hears it.
   */
  render(ask: Ask | RenderRequest, options: CallOptions = {}): AsyncGenerator<RenderResponse, void, undefined> {
    return unbroken(
      requestOf(ask),
      (request, within) => streamed((how) => this.rpcs.render(request, how), within),
      this.patience(options),
    );
  }

  /**
   * Returns one whole take, proved as by `takes`, in one message: for steps, clicks and what else is short. A take
   * of more than 3 MiB is streamed instead.
   */
  async fetchSound(ask: Ask | RenderRequest, options: CallOptions = {}): Promise<Take> {
    const render = requestOf(ask);
    const patience = this.patience(options);
    try {
      return await proved(await asked((within) => answered(this.rpcs.fetch({ render }, within)), patience));
    } catch (reason) {
      const error = SwashError.from(reason);
      if (error.code !== Code.OutOfRange) throw error;
    }
    const { signal, timeoutMs } = patience.within();
    const [take] = await this.takes(render, { signal, timeoutMs });
    return take!;
  }

  /** Returns whole takes, `ask.takes` of them, each proved by its SHA-256 where the browser can. */
  takes(ask: Ask | RenderRequest, options: CallOptions = {}): Promise<Take[]> {
    return gathered(this.render(ask, options), Number(ask.firstFrame ?? 0));
  }

  /** Opens a live session: several voices in one output, steered while they sound. */
  perform(
    opening: MessageInitShape<typeof OpenSessionSchema> = {},
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Session {
    return new Session(this.rpcs, opening, signal);
  }

  /** Returns every effect with its parameters and presets. */
  async listEffects(options: CallOptions = {}): Promise<Effect[]> {
    return (await answered(this.rpcs.listEffects({}, this.within(options)))).effects;
  }

  /** Returns what the server understands from 1 to 1000 characters, making no sound. */
  resolvePrompt(prompt: string, options: CallOptions = {}): Promise<ResolvePromptResponse> {
    return answered(this.rpcs.resolvePrompt({ prompt }, this.within(options)));
  }

  /** Returns engines, versions, encodings and limits. */
  serverInfo(options: CallOptions = {}): Promise<GetServerInfoResponse> {
    return answered(this.rpcs.getServerInfo({}, this.within(options)));
  }

  /**
   * Has sounds made and kept under a tag until `unload`; yields what becomes of each take. `sounds` are a manifest
   * (YAML or JSON) or what `render` takes. Leaving the loop stops what is left.
   */
  preload(
    tag: string,
    sounds: string | readonly (Ask | RenderRequest)[],
    { signal, timeoutMs = PRELOAD_TIMEOUT_MS, priority }: PreloadOptions = {},
  ): AsyncGenerator<PreloadResponse, void, undefined> {
    const source: PreloadRequest["source"] =
      typeof sounds === "string"
        ? { case: "manifest", value: sounds }
        : { case: "sounds", value: { $typeName: "swash.v1.PreloadSounds", sounds: sounds.map(requestOf) } };
    const request = create(PreloadRequestSchema, { tag, source, priority });
    return streamed((how) => this.rpcs.preload(request, how), { signal, timeoutMs });
  }

  /** Lets go of what was preloaded under a tag. */
  unload(tag: string, options: CallOptions = {}): Promise<UnloadResponse> {
    return answered(this.rpcs.unload({ tag }, this.within(options)));
  }

  private patience(options: CallOptions): Patience {
    return new Patience(this.retries, this.within(options));
  }

  private within({ signal, timeoutMs = this.timeoutMs }: CallOptions): Deadline {
    return { signal, timeoutMs };
  }
}
