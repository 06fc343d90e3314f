/** Plays sounds of the list again: asked for by what they were made from, one at a time. */

import type { Ask, Swash, Take } from "../client";

const OWN_KEY = "swash.dashboard.own";
const MOST_OWN = 100; // the server remembers no more sounds either

export class Player {
  /** Ids of the calls that this page made to play: they are no news. */
  readonly own: Set<string>;
  private context: AudioContext | undefined;
  private stopping: AbortController | undefined;

  constructor(
    private readonly swash: Swash,
    private readonly storage: Storage | undefined,
  ) {
    this.own = new Set(storage?.getItem(OWN_KEY)?.split(" "));
  }

  /**
   * Asks for a sound and plays it, a loop until it is stopped; `onSound` is told when it begins. Returns when it is
   * over; throws a SwashError when there is no such sound.
   */
  async play(ask: Ask, onSound: (take: Take) => void): Promise<void> {
    this.stop();
    const stopping = (this.stopping = new AbortController());
    const context = (this.context ??= new AudioContext());
    await context.resume(); // within the click: before it, browsers keep silent
    const [take] = await this.swash.takes(ask, { signal: stopping.signal });
    if (!take) return;
    this.note(take.header.requestId);
    onSound(take);
    await over(sourceOf(take, context), stopping.signal);
  }

  private note(requestId: string): void {
    this.own.add(requestId);
    try {
      this.storage?.setItem(OWN_KEY, [...this.own].slice(-MOST_OWN).join(" "));
    } catch {
      // full, or forbidden
    }
  }

  /** Stops what plays, or what is about to. */
  stop(): void {
    this.stopping?.abort();
  }
}

function sourceOf(take: Take, context: AudioContext): AudioBufferSourceNode {
  const { channels, sampleRate, loop } = take.header;
  const samples = take.channels();
  const buffer = context.createBuffer(channels, Math.max(1, samples[0]?.length ?? 0), sampleRate);
  samples.forEach((each, channel) => buffer.copyToChannel(each, channel));
  const source = new AudioBufferSourceNode(context, { buffer, loop: loop !== undefined });
  source.connect(context.destination);
  return source;
}

/** Starts a source and returns when it has ended or was stopped. */
function over(source: AudioBufferSourceNode, stopped: AbortSignal): Promise<void> {
  return new Promise((done) => {
    source.onended = () => done();
    if (stopped.aborted) return done();
    stopped.addEventListener("abort", () => source.stop(), { once: true });
    source.start();
  });
}
