/** Plays what is posted to it, stereo, in order: the audio thread's end of a live session. */

export {}; // a module of its own: these names are the worklet's alone

declare const sampleRate: number;
declare const registerProcessor: (name: string, processor: unknown) => void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const CAPACITY_S = 4;
const REPORT_BLOCKS = 32; // of 128 frames: ten times a second or so

/** What is posted to it. */
type Order =
  /** Interleaved stereo. */
  | { samples: Float32Array }
  /** How much to gather before it plays, again after each gap. */
  | { primeFrames: number }
  /** Whether silence would be a gap: something sounds that goes on. */
  | { sounding: boolean };

class Ring extends AudioWorkletProcessor {
  private readonly capacity = Math.round(CAPACITY_S * sampleRate);
  private readonly left = new Float32Array(this.capacity);
  private readonly right = new Float32Array(this.capacity);
  private readonly last = [0, 0];
  private written = 0;
  private read = 0;
  private primeFrames = 0;
  private primed = false;
  private sounding = false;
  private underruns = 0;
  private blocks = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Order>) => {
      if ("samples" in data) this.write(data.samples);
      else if ("primeFrames" in data) this.primeFrames = data.primeFrames;
      else this.sounding = data.sounding;
    };
  }

  process(_: unknown, [output]: Float32Array[][]): boolean {
    const [left, right] = output ?? [];
    if (!left || !right) return true;
    const buffered = this.written - this.read;
    if (!this.primed && buffered >= Math.max(this.primeFrames, 1)) this.primed = true;
    const frames = this.primed ? Math.min(left.length, buffered) : 0;
    for (let frame = 0; frame < frames; frame++) {
      const at = (this.read + frame) % this.capacity;
      this.last[0] = left[frame] = this.left[at] ?? 0;
      this.last[1] = right[frame] = this.right[at] ?? 0;
    }
    this.read += frames;
    // What stops in the middle of a wave clicks: it fades from its last sample instead.
    for (let frame = frames; frame < left.length; frame++) {
      this.last[0] = left[frame] = (this.last[0] ?? 0) * 0.97;
      this.last[1] = right[frame] = (this.last[1] ?? 0) * 0.97;
    }
    if (this.primed && frames < left.length) {
      this.primed = false;
      if (this.sounding) this.underruns += 1;
    }
    if (++this.blocks % REPORT_BLOCKS === 0) {
      this.port.postMessage({ underruns: this.underruns, bufferedFrames: this.written - this.read });
    }
    return true;
  }

  /** Adds samples; when the two clocks have drifted apart by seconds, the oldest go. */
  private write(samples: Float32Array): void {
    for (let at = 0; at + 1 < samples.length; at += 2) {
      this.left[this.written % this.capacity] = samples[at] ?? 0;
      this.right[this.written % this.capacity] = samples[at + 1] ?? 0;
      this.written += 1;
    }
    if (this.written - this.read > this.capacity) this.read = this.written - this.capacity;
  }
}

registerProcessor("ring", Ring);
