/** What the audition page plays, rendered as fast as it goes: to the sample, and without clicks. */

import { create } from "@bufbuild/protobuf";

import { Player } from "../../../../clients/web/src/audition/player";
import { Recording } from "../../../../clients/web/src/audition/recording";
import { HeaderSchema, TrailerSchema } from "../../../../clients/web/src/gen/swash/v1/sound_pb";

const RATE = 48_000;
const FRAMES = 4800; // 0.1 s
const PERIOD = 480; // 100 Hz: a whole number of them in a turn

type Told = Record<string, unknown>;

/** Returns a loop of which nothing has arrived, and its bytes. */
function begun(sample: (frame: number) => number): { recording: Recording; bytes: Uint8Array<ArrayBuffer> } {
  const header = create(HeaderSchema, {
    sampleRate: RATE,
    channels: 1,
    frames: BigInt(FRAMES),
    loop: { startFrame: 0n, endFrame: BigInt(FRAMES) },
  });
  const pcm = Int16Array.from({ length: FRAMES }, (_, frame) => sample(frame));
  return { recording: new Recording({ parameters: {} }, header), bytes: new Uint8Array(pcm.buffer) };
}

async function ended({ recording, bytes }: ReturnType<typeof begun>): Promise<Recording> {
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  await recording.end(create(TrailerSchema, { frames: BigInt(FRAMES), sha256 }));
  return recording;
}

const noise = (frame: number) => ((frame * 7919) % 60_000) - 30_000;
const sine = (peak: number) => (frame: number) => Math.round(peak * Math.sin((2 * Math.PI * frame) / PERIOD));

/** Returns a second of a player's output; `acts` are done at their times, which are whole blocks of 128 frames. */
async function heard(
  act: (player: Player) => void,
  acts: [number, (player: Player) => unknown][] = [],
): Promise<Float32Array> {
  const context = new OfflineAudioContext(1, RATE, RATE);
  const resume = context.resume.bind(context);
  context.resume = () => Promise.resolve(); // the player wakes what sleeps; here the end of an act does
  const player = new Player(() => context as unknown as AudioContext);
  for (const [block, later] of acts) {
    void context.suspend((block * 128) / RATE).then(async () => {
      await later(player);
      await resume();
    });
  }
  act(player);
  return (await context.startRendering()).getChannelData(0);
}

/** Returns at which frame it begins, and how many of the frames that follow are not the loop's, turn after turn. */
function turns(output: Float32Array, of: Recording): Told {
  const [samples] = of.samples();
  const from = output.findIndex((sample) => sample !== 0);
  let wrong = 0;
  for (let frame = from; frame < output.length; frame++) {
    if (output[frame] !== samples?.[(frame - from) % FRAMES]) wrong += 1;
  }
  return { from, wrong };
}

/** Returns the largest step between neighbouring samples, against that of the louder sine. */
function steepest(output: Float32Array): number {
  let step = 0;
  for (let frame = 1; frame < output.length; frame++) {
    step = Math.max(step, Math.abs((output[frame] ?? 0) - (output[frame - 1] ?? 0)));
  }
  return step / (0.5 * 2 * Math.sin(Math.PI / PERIOD));
}

async function tell(): Promise<Told> {
  const whole = begun(noise);
  whole.recording.add(whole.bytes);
  await ended(whole);
  const looped = await heard((player) => {
    player.loop = true;
    player.play(whole.recording);
  });
  const once = await heard((player) => player.play(whole.recording));

  const arriving = begun(noise);
  const streamed = await heard(
    (player) => {
      player.loop = true;
      arriving.recording.add(arriving.bytes.subarray(0, 3000));
      player.play(arriving.recording);
    },
    [
      [20, () => arriving.recording.add(arriving.bytes.subarray(3000, 7000))],
      [28, () => arriving.recording.add(arriving.bytes.subarray(7000))],
      [30, () => ended(arriving)],
    ],
  );

  const [loud, soft] = [begun(sine(16_384)), begun(sine(4096))];
  for (const each of [loud, soft]) {
    each.recording.add(each.bytes);
    await ended(each);
  }
  const changed = await heard(
    (player) => {
      player.loop = true;
      player.play(loud.recording);
    },
    [[150, (player) => player.play(soft.recording, { fromS: player.comingS })]],
  );
  const after = changed.subarray(150 * 128);
  const peaks = Array.from({ length: 40 }, (_, period) =>
    Math.max(...after.subarray(period * PERIOD, (period + 1) * PERIOD).map(Math.abs)),
  );
  return {
    looped: turns(looped, whole.recording),
    onceFrames: once.findLastIndex((sample) => sample !== 0) - once.findIndex((sample) => sample !== 0) + 1,
    streamed: turns(streamed, arriving.recording),
    changed: { steepest: steepest(changed.subarray(1000)), softest: Math.min(...peaks), last: peaks.at(-1) },
  };
}

(window as unknown as { told: Promise<Told> }).told = tell();
