/** Does in a page what test_web.py claims, over both protocols, and tells what it saw. */

import * as swash from "../../../../clients/web/src/client";
import { tell } from "./page";

interface Given {
  server: string;
  /** Where no server is. */
  nowhere: string;
}

const RAIN = { effect: "rain", durationS: 2, seed: 21, sampleRate: 48_000, channels: 2 };
const UNPACED = { sampleRate: 16_000, unpaced: true };

type Claim = (client: swash.Swash, protocol: string) => Promise<unknown>;

const CLAIMS: Record<string, Claim> = {
  version: async (client) => (await client.serverInfo()).version,
  effects: async (client) => (await client.listEffects()).map((effect) => effect.id),
  layers: async (client) => (await client.resolvePrompt("Schritte auf Kies")).layers.map((layer) => layer.effect),
  streamed,
  takes,
  wrongField: (client) => failure(client.takes({ effect: "rain", parameters: { surface: "gebäck" } })),
  unknownWords: (client) => failure(client.takes({ prompt: "電卓の哲学 ≠ ☂️" })),
  late: (client) => failure(client.takes({ ...RAIN, durationS: 30, loudnessLufs: -20 }, { timeoutMs: 50 })),
  leftByBreak,
  leftBySignal,
  madeReady,
  paced,
  unpaced,
  inOrder,
  unfetched,
  refused,
  sessionLeft,
};

tell(async ({ server, nowhere }: Given) => {
  const [connect, grpcWeb, lost, absent] = await Promise.all([
    claims(swash.connect(server, { protocol: "connect" }), "connect"),
    claims(swash.connect(server, { protocol: "grpc-web" }), "grpc-web"),
    broken(server),
    failure(swash.connect(nowhere).serverInfo()),
  ]);
  return { connect, "grpc-web": grpcWeb, broken: lost, nowhere: absent };
});

/** What every claim saw, one after the other; one that fails hides no other. */
async function claims(client: swash.Swash, protocol: string): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  for (const [name, claim] of Object.entries(CLAIMS)) {
    told[name] = await claim(client, protocol).catch((error: unknown) => ({ failed: String(error) }));
  }
  return told;
}

/** Every event of a sound, as it came. */
async function streamed(client: swash.Swash): Promise<unknown> {
  const kinds: string[] = [];
  let frame = 0;
  for await (const { event } of client.render(RAIN)) {
    kinds.push(event.case ?? "none");
    if (event.case === "audio") {
      if (Number(event.value.firstFrame) !== frame) kinds.push("gap");
      frame += event.value.data.length / 4;
    }
  }
  return { kinds, frames: frame };
}

/** Whole takes: proved on their way, and as a page plays them. */
async function takes(client: swash.Swash): Promise<unknown> {
  const asked = { effect: "impact/wooden_crate", seed: 7, sampleRate: 16_000, channels: 2, takes: 2 };
  const short = await client.takes(asked);
  const floats = await client.takes({ ...asked, encoding: swash.Encoding.PCM_F32LE });
  return short.map((take, number) => ({
    seed: take.header.seed,
    sha256: hex(take.trailer.sha256),
    shape: take.channels().map((samples) => samples.length),
    frames: Number(take.trailer.frames),
    // A 16-bit sample is the float one, rounded.
    apart: Math.max(...apart(take.channels(), floats[number]?.channels() ?? [])),
  }));
}

/** Leaves a long sound at its first audio, by leaving the loop. */
async function leftByBreak(client: swash.Swash): Promise<unknown> {
  for await (const { event } of client.render({ ...RAIN, durationS: 110, seed: 1 })) {
    if (event.case === "audio") return { bytes: event.value.data.length };
  }
  return undefined;
}

/** Leaves a long sound at its first audio, by a signal. */
async function leftBySignal(client: swash.Swash): Promise<unknown> {
  const leaving = new AbortController();
  const kinds: string[] = [];
  const error = await failure(
    (async () => {
      for await (const { event } of client.render({ ...RAIN, durationS: 110, seed: 2 }, { signal: leaving.signal })) {
        kinds.push(event.case ?? "none");
        if (event.case === "audio") leaving.abort();
      }
    })(),
  );
  return { kinds, error };
}

/** Sounds that are made before they are needed. */
async function madeReady(client: swash.Swash, tag: string): Promise<unknown> {
  const done: number[] = [];
  for await (const event of client.preload(tag, [{ effect: "ui_click", seed: 1, takes: 2 }, { prompt: "a door" }])) {
    done.push(event.done);
  }
  await client.unload(tag);
  return { done };
}

/** A session that is steered by what comes from it. */
async function paced(client: swash.Swash): Promise<unknown> {
  const session = client.perform({ sampleRate: 16_000, aheadMs: 40 });
  const rain = session.start({ effect: "rain", seed: 3 });
  const boots = session.start({ effect: "footsteps", armed: true, objectSeed: 7 });
  const steps: Promise<swash.Applied>[] = [];
  let heard = 0;
  let closed: swash.SessionClosed | undefined;
  const over: number[] = [];
  for await (const { event } of session) {
    if (event.case === "audio") {
      heard += event.value.data.length / 4;
      if (heard > 1600 && !steps.length) {
        steps.push(boots.trigger(), rain.set("intensity", 0.9), boots.trigger({ surface: "wood" }), rain.stop());
        session.finish();
      }
    } else if (event.case === "voiceEnded") {
      over.push(event.value.voice);
    } else if (event.case === "closed") {
      closed = event.value;
    }
  }
  const frames = (await Promise.all(steps)).map((answer) => Number(answer.frame));
  return { heard, closed: Number(closed?.frames), frames, over, began: Number((await rain.started).frame) };
}

/** A session that Python plays as well: the same seeds at the same frames. */
async function unpaced(client: swash.Swash): Promise<unknown> {
  const session = client.perform(UNPACED);
  const wind = session.start({ effect: "wind", seed: 11, parameters: { gust: 0.9 } });
  const boots = session.start({ effect: "footsteps/heavy_boots_gravel", armed: true, seed: 12, objectSeed: 5 });
  void wind.set("speed_m_s", 20, { rampMs: 100, atFrame: 1600 });
  void boots.trigger(undefined, { atFrame: 2400 });
  void boots.trigger({ surface: "snow" }, { seed: 9, atFrame: 4800 });
  void wind.crossfade({ prompt: "light rain on leaves" }, { seed: 13, fadeMs: 200, atFrame: 6400 });
  void session.stop({ releaseMs: 50, atFrame: 12_800 });
  session.finish();
  const { sha256, frames } = await session.closed; // also while nobody fetches the audio
  return { sha256: hex(sha256), frames: Number(frames) };
}

/** More commands at once than one call carries. */
async function inOrder(client: swash.Swash): Promise<unknown> {
  const session = client.perform({ unpaced: true, channels: 1 });
  const voice = session.start({ effect: "rain", seed: 1 });
  const moves = Array.from({ length: 600 }, (_, step) => voice.set("gain_db", -step / 60, { atFrame: step * 480 }));
  session.finish();
  await session.closed;
  return (await Promise.all(moves)).map((answer) => Number(answer.frame));
}

/** A session of more audio than is held for whoever does not fetch it. */
async function unfetched(client: swash.Swash): Promise<unknown> {
  const session = client.perform({ sampleRate: 8000, channels: 1, unpaced: true });
  const hum = session.start({ effect: "machine_hum", seed: 1 });
  const stopped = hum.stop({ releaseMs: 0, atFrame: 40 * 8000 });
  session.finish();
  await hum.started;
  let frames = 0;
  for await (const { event } of session) if (event.case === "audio") frames += event.value.data.length / 2;
  return { frames, closed: Number((await session.closed).frames), stopped: Number((await stopped).frame) };
}

/** A command that cannot be done, beside one that can. */
async function refused(client: swash.Swash): Promise<unknown> {
  const session = client.perform({ ...UNPACED, sampleRate: 8000 });
  const nothing = session.start({ prompt: "blorp fnordle" });
  const wrong = session.start({ effect: "rain", parameters: { intensity: 7 } });
  const click = session.start({ effect: "ui_click", seed: 1 });
  session.finish();
  const told = { nothing: await failure(nothing.started), wrong: await failure(wrong.started) };
  const effect = (await click.started).layers[0]?.effect;
  await session.closed;
  return { ...told, effect, late: await failure(session.stop()) };
}

/** A session that is left while it sounds, and one that never opens. */
async function sessionLeft(client: swash.Swash): Promise<unknown> {
  const leaving = new AbortController();
  const session = client.perform({ sampleRate: 8000 }, { signal: leaving.signal });
  const wind = session.start({ effect: "wind" });
  await wind.started;
  leaving.abort();
  const unopened = client.perform({ sampleRate: 44_101 });
  return {
    left: await failure(session.closed),
    after: await failure(wind.set("gust", 1)),
    unopened: await failure(unopened.opened),
  };
}

/** Connections that break: answers to Control are lost, first some, then all. */
async function broken(server: string): Promise<unknown> {
  const some = losing(2);
  const unbroken = await unpaced(swash.connect(server, { fetch: some.fetch }));
  const all = losing(Infinity);
  const session = swash.connect(server, { fetch: all.fetch }).perform({ sampleRate: 8000 });
  session.start({ effect: "rain" });
  return { some: unbroken, all: await failure(session.closed), tries: all.lost() };
}

/** Returns a fetch that loses answers to Control, after the server has made them. */
function losing(most: number) {
  let lost = 0;
  return {
    lost: () => lost,
    async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      const answer = await fetch(input, init);
      if (!String(input).endsWith("/Control") || lost >= most) return answer;
      lost += 1;
      await answer.arrayBuffer();
      throw new TypeError("network error"); // as the browser says it
    },
  };
}

/** What a call failed with. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof swash.SwashError)) return { notOurs: String(error) };
    const { message, code, violations, suggestions, unknownWords } = error;
    return { message, code: swash.Code[code], field: violations[0]?.field, suggestions, unknownWords };
  }
  return undefined;
}

/** The largest difference of each channel. */
function apart(one: Float32Array[], other: Float32Array[]): number[] {
  return one.map((samples, channel) =>
    samples.reduce((most, sample, at) => Math.max(most, Math.abs(sample - (other[channel]?.[at] ?? NaN))), 0),
  );
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
