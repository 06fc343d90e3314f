/**
 * Plays recordings, also while they arrive; loops them at their loop points to the sample, and changes from one to
 * another at the same place without a gap.
 */

import type { Listener, Recording } from "./recording";

const RATE = 48_000; // what is asked for unless somebody says otherwise: played as it is, not resampled
const LEAD_S = 0.04; // between the first samples and their sound, so that the next arrive in time
const LATER_S = 0.005; // what is there already begins so much later: no sample is due before it is scheduled
const FADE_S = 0.012; // from one recording to another
const STOP_S = 0.008; // short enough to feel at once, long enough not to click

/** One recording that sounds. */
interface Sounding {
  recording: Recording;
  /** Everything it plays through; faded when it goes. */
  gain: GainNode;
  gainDb: number;
  sources: Set<AudioBufferSourceNode>;
  /** When its frame 0 sounds, or would have: context time. */
  zeroS: number;
  /** Frames that are scheduled; -1 once the whole recording is one source. */
  scheduled: number;
  listener: Listener;
}

/** The page's loudspeaker. */
export class Player {
  /** Is called when a sound ends by itself. */
  onEnd: () => void = () => undefined;
  private made: { context: AudioContext; volume: GainNode; analyser: AnalyserNode } | undefined;
  private now: Sounding | undefined;
  private looping = false;
  private level = 1;
  /** Gaps: samples came later than they were due. */
  gaps = 0;

  constructor(
    /** Makes the context; within a click or a key, for before it browsers keep silent. */
    private readonly open = () => new AudioContext({ sampleRate: RATE, latencyHint: "interactive" }),
  ) {}

  get playing(): Recording | undefined {
    return this.now?.recording;
  }

  /** The context, made at the first sound. */
  get output(): { context: AudioContext; volume: GainNode; analyser: AnalyserNode } {
    if (!this.made) {
      const context = this.open();
      const volume = new GainNode(context, { gain: this.level });
      const analyser = new AnalyserNode(context, { fftSize: 2048 });
      volume.connect(analyser).connect(context.destination);
      this.made = { context, volume, analyser };
    }
    // Where it may not sound yet, the next click asks again.
    if (this.made.context.state === "suspended") this.made.context.resume().catch(() => undefined);
    return this.made;
  }

  set volume(level: number) {
    this.level = level;
    this.made?.volume.gain.setTargetAtTime(level, this.made.context.currentTime, 0.01);
  }

  /** Where in the recording it is, seconds; undefined in silence. */
  get positionS(): number | undefined {
    if (!this.now || !this.made) return undefined;
    const { recording, zeroS } = this.now;
    const atS = this.made.context.currentTime - zeroS;
    if (atS < 0) return 0;
    const { start, end } = recording.turn;
    const endS = end / recording.rate;
    if (!this.looping || !recording.done || atS < endS) return Math.min(atS, recording.durationS);
    return start / recording.rate + ((atS - endS) % ((end - start) / recording.rate));
  }

  /** Where it will be when what is asked for now begins; 0 in silence. */
  get comingS(): number {
    const { positionS } = this;
    return positionS === undefined ? 0 : positionS + LATER_S;
  }

  /** Plays a recording from a place, seconds; what sounds fades out. `gainDb` is against its own level. */
  play(recording: Recording, { fromS = 0, gainDb = 0 }: { fromS?: number; gainDb?: number } = {}): void {
    const { context, volume } = this.output;
    const fading = this.now !== undefined;
    this.leave(FADE_S);
    const atS = onGrid(context.currentTime + (recording.done ? LATER_S : LEAD_S));
    const gain = new GainNode(context, { gain: fading ? 0 : decibels(gainDb) });
    if (fading) gain.gain.setValueAtTime(0, atS).linearRampToValueAtTime(decibels(gainDb), atS + FADE_S);
    gain.connect(volume);
    const listener: Listener = {
      grew: () => this.scheduleNext(sounding),
      ended: () => this.scheduleEnd(sounding),
    };
    const sounding: Sounding = {
      recording,
      gain,
      gainDb,
      sources: new Set(),
      zeroS: onGrid(atS - fromS),
      scheduled: Math.round(fromS * recording.rate),
      listener,
    };
    this.now = sounding;
    if (recording.done) {
      this.scheduleWhole(sounding, atS, fromS);
    } else {
      recording.listeners.add(listener);
      this.scheduleNext(sounding);
    }
  }

  /** Changes the level of what sounds. */
  set gainDb(gainDb: number) {
    if (!this.now || !this.made) return;
    this.now.gainDb = gainDb;
    this.now.gain.gain.setTargetAtTime(decibels(gainDb), this.made.context.currentTime, 0.01);
  }

  get loop(): boolean {
    return this.looping;
  }

  /** Whether what sounds begins again at its end. */
  set loop(loop: boolean) {
    const fromS = this.comingS;
    const changed = this.looping !== loop;
    this.looping = loop;
    if (changed && this.now?.recording.done) this.play(this.now.recording, { fromS, gainDb: this.now.gainDb });
  }

  stop(): void {
    this.leave(STOP_S);
  }

  private leave(fadeS: number): void {
    if (!this.now || !this.made) return;
    const { gain, sources, recording, listener } = this.now;
    this.now = undefined;
    recording.listeners.delete(listener);
    const { currentTime } = this.made.context;
    gain.gain.cancelScheduledValues(currentTime);
    gain.gain.setValueAtTime(gain.gain.value, currentTime);
    gain.gain.linearRampToValueAtTime(0, currentTime + fadeS);
    for (const source of sources) {
      source.onended = null;
      source.stop(currentTime + fadeS);
    }
  }

  /** Schedules the samples that have arrived since. */
  private scheduleNext(sounding: Sounding): void {
    const { recording, scheduled } = sounding;
    if (this.now !== sounding || scheduled < 0 || recording.frames <= scheduled) return;
    const { context } = this.output;
    const parts = recording.channels.map((channel) => channel.subarray(scheduled, recording.frames));
    const buffer = bufferOf(context, parts, recording.rate);
    let dueS = sounding.zeroS + scheduled / recording.rate;
    if (dueS < context.currentTime) {
      if (sounding.sources.size) this.gaps += 1;
      sounding.zeroS = onGrid(sounding.zeroS + context.currentTime + LEAD_S - dueS); // the rest is as much later
      dueS = sounding.zeroS + scheduled / recording.rate;
    }
    sounding.scheduled = recording.frames;
    this.start(sounding, buffer, dueS);
  }

  /** All has arrived: what loops goes on as one source, where its scheduled samples end. */
  private scheduleEnd(sounding: Sounding): void {
    this.scheduleNext(sounding);
    if (this.now !== sounding) return;
    const { recording } = sounding;
    const { start, end } = recording.turn;
    if (this.looping) {
      // The last turn's tail is played already, so it begins where the first turn ends.
      const atS = sounding.zeroS + end / recording.rate;
      const source = this.start(sounding, this.whole(recording), atS, start / recording.rate);
      this.repeat(source, recording);
    }
    sounding.scheduled = -1;
    this.endWith(sounding);
  }

  private scheduleWhole(sounding: Sounding, atS: number, fromS: number): void {
    const source = this.start(sounding, this.whole(sounding.recording), atS, fromS);
    this.repeat(source, sounding.recording);
    sounding.scheduled = -1;
    this.endWith(sounding);
  }

  private repeat(source: AudioBufferSourceNode, recording: Recording): void {
    const { start, end } = recording.turn;
    source.loopStart = start / recording.rate;
    source.loopEnd = end / recording.rate;
    source.loop = this.looping;
  }

  /** Ends with the last of its sources. */
  private endWith(sounding: Sounding): void {
    for (const source of sounding.sources) {
      source.onended = () => {
        sounding.sources.delete(source);
        if (sounding.sources.size || this.now !== sounding) return;
        this.now = undefined;
        this.onEnd();
      };
    }
    if (!sounding.sources.size && this.now === sounding) {
      this.now = undefined;
      this.onEnd();
    }
  }

  private start(sounding: Sounding, buffer: AudioBuffer, atS: number, fromS = 0): AudioBufferSourceNode {
    const source = new AudioBufferSourceNode(this.output.context, { buffer });
    source.connect(sounding.gain);
    source.onended = () => sounding.sources.delete(source);
    source.start(atS, fromS);
    sounding.sources.add(source);
    return source;
  }

  private whole(recording: Recording): AudioBuffer {
    return bufferOf(this.output.context, recording.samples(), recording.rate);
  }
}

function bufferOf(context: AudioContext, channels: Float32Array<ArrayBuffer>[], sampleRate: number): AudioBuffer {
  const length = Math.max(1, channels[0]?.length ?? 0);
  const buffer = context.createBuffer(Math.max(1, channels.length), length, sampleRate);
  channels.forEach((samples, number) => buffer.copyToChannel(samples, number));
  return buffer;
}

/** Returns the nearest time at which a frame begins: between frames, browsers interpolate. */
function onGrid(atS: number): number {
  return Math.round(atS * RATE) / RATE;
}

function decibels(gainDb: number): number {
  return 10 ** (gainDb / 20);
}
