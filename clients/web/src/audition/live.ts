/** Live mode: a session whose voice follows the sliders, heard through a worklet. */

import { Code, Encoding, SwashError, type Session, type Swash, type Voice } from "../client";
import type { Player } from "./player";
import type { Sound } from "./sound";

const AHEAD_MS = 100; // from a slider to the ear; a browser's network thread is no realtime thread
const PRIME_S = 0.06;
const CHANGE_MS = 400;
const RAMP_MS = 60;

/** How it goes. */
export interface LiveFigures {
  underruns: number;
  bufferedMs: number;
  aheadMs: number;
}

export class Live {
  onFigures: (figures: LiveFigures) => void = () => undefined;
  /** Is called once, when it is over by itself: with what went wrong. */
  onEnd: (error: SwashError | undefined) => void = () => undefined;
  /** A command was refused; all else goes on. */
  onRefused: (error: SwashError) => void = () => undefined;
  armed = false;
  /** The first samples have come. */
  private begun = false;
  private session: Session | undefined;
  private voice: Voice | undefined;
  private ring: AudioWorkletNode | undefined;

  constructor(private readonly player: Player) {}

  get on(): boolean {
    return this.session !== undefined;
  }

  /** Opens the session and begins to sound, armed for what ends by itself. */
  async begin(swash: Swash, sound: Sound, armed: boolean): Promise<void> {
    const { context, volume } = this.player.output;
    if (!context.audioWorklet) {
      const why = "live mode needs a page of this machine or of https: browsers offer no worklets to others";
      throw new SwashError(why, Code.FailedPrecondition);
    }
    const session = (this.session = swash.perform({
      sampleRate: context.sampleRate,
      channels: 2,
      encoding: Encoding.PCM_F32LE,
      aheadMs: AHEAD_MS,
    }));
    this.armed = armed;
    this.begun = false;
    await context.audioWorklet.addModule("/pages/ring.js");
    if (this.session !== session) return; // it was ended meanwhile
    const ring = new AudioWorkletNode(context, "ring", { numberOfInputs: 0, outputChannelCount: [2] });
    ring.port.postMessage({ primeFrames: Math.round(PRIME_S * context.sampleRate) });
    ring.connect(volume);
    this.ring = ring;
    ring.port.onmessage = ({ data }: MessageEvent<{ underruns: number; bufferedFrames: number }>) => {
      if (!this.begun) return;
      const bufferedMs = (1000 * data.bufferedFrames) / context.sampleRate;
      this.onFigures({ underruns: data.underruns, bufferedMs, aheadMs: AHEAD_MS });
    };
    this.startVoice(sound, armed);
    void this.listen(session, ring);
    await session.opened;
  }

  /** Lets it sound like something else from now on. */
  change(sound: Sound, armed: boolean): void {
    if (!this.session || !this.voice) return;
    if (armed === this.armed) {
      const { seed, object_seed: objectSeed } = sound;
      this.told(this.voice.crossfade(ofSession(sound), { seed, objectSeed, fadeMs: CHANGE_MS }));
      return;
    }
    this.told(this.voice.stop());
    this.startVoice(sound, armed);
  }

  /** Moves a control. */
  set(name: string, value: number | string): void {
    if (this.voice) this.told(this.voice.set(name, value, { rampMs: RAMP_MS }));
  }

  trigger(): void {
    if (this.voice && this.armed) this.told(this.voice.trigger());
  }

  end(): void {
    const { session } = this;
    this.session = this.voice = undefined;
    session?.abort();
    this.ring?.disconnect();
    this.ring = undefined;
  }

  private startVoice(sound: Sound, armed: boolean): void {
    const { seed, object_seed: objectSeed } = sound;
    this.armed = armed;
    this.voice = this.session?.start({ ...ofSession(sound), seed, objectSeed, armed });
    this.ring?.port.postMessage({ sounding: !armed });
    if (this.voice) this.told(this.voice.started);
    if (armed) this.trigger();
  }

  private async listen(session: Session, ring: AudioWorkletNode): Promise<void> {
    let error: SwashError | undefined;
    try {
      for await (const { event } of session) {
        if (event.case !== "audio") continue;
        this.begun = true;
        const { buffer } = event.value.data.slice(); // a copy, for floats begin at multiples of four bytes
        const samples = new Float32Array(buffer);
        ring.port.postMessage({ samples }, [samples.buffer]);
      }
    } catch (reason) {
      error = SwashError.from(reason);
    }
    if (this.session !== session) return; // it was ended
    this.end();
    this.onEnd(error);
  }

  private told(answer: Promise<unknown>): void {
    answer.catch((reason: unknown) => {
      if (this.session) this.onRefused(SwashError.from(reason));
    });
  }
}

function ofSession({ prompt, effect, parameters }: Sound) {
  return prompt !== undefined ? { prompt, parameters } : { effect: effect ?? "", parameters };
}
