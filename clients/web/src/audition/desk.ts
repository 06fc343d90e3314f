/** The page as a whole: type, hear, vary, compare, keep. */

import { Code, connect, SwashError, type GetServerInfoResponse } from "../client";
import { token } from "../shared/credentials";
import { byId, copy, save } from "../shared/dom";
import { pause } from "../waiting";
import { Bank } from "./bank";
import { Catalogue } from "./catalogue";
import { codeOf, LANGUAGES, type Language } from "./code";
import * as figures from "./figures";
import { History } from "./history";
import { Live } from "./live";
import { Parameters } from "./parameters";
import { Picture } from "./picture";
import { Player } from "./player";
import { Presence } from "./presence";
import { recorded, type Recording } from "./recording";
import { Scope } from "./scope";
import { Settings } from "./settings";
import * as sign from "./sign";
import { hashOf, requestFor, rolled, soundOfHash, stepped, titleOf, type EncodingName, type Sound } from "./sound";
import { NAMES, Takes } from "./takes";
import { Understanding } from "./understanding";
import { Wanted } from "./wanted";

const TYPING_MS = 140; // after the last key, before the server is asked
const SHORTEST_RETRY_MS = 250;
const MAX_TRIES = 60; // a minute or more: the very first start of a server takes as long
const SEAM_S = 1; // before the seam
const FROM_HERE_S = 3; // what is at least so long goes on where it was when a slider moved

/** How a sound is made. */
interface Making {
  /** A new seed, unless it is locked. */
  anew?: boolean;
  /** Takes for A to D. */
  four?: boolean;
  /** Where it begins to sound, seconds. */
  fromS?: number;
}

export class Desk {
  private readonly swash = connect(location.origin, { token, insecureToken: true }); // who gave it here knows
  private readonly player = new Player();
  private readonly live = new Live(this.player);
  private readonly picture = new Picture();
  private readonly scope = new Scope(this.player);
  private readonly takes = new Takes((number) => this.take(number));
  private readonly catalogue = new Catalogue((effect) => this.chooseEffect(effect));
  private readonly history = new History((sound) => this.recall(sound));
  private readonly bank = new Bank(this.swash, (sound) => this.recall(sound));
  private readonly presence = new Presence(this.swash, (info) => void this.arrive(info));
  private readonly settings = new Settings((setting) => {
    this.wanted.set(setting as Partial<Sound>);
    if (setting.seed !== undefined) this.given = true;
    if ("engine" in setting) void this.resolve();
    this.vary();
  });
  private readonly understanding = new Understanding({
    words: (prompt) => this.chooseWords(prompt),
    effect: (effect) => this.chooseEffect(effect),
  });
  private readonly parameters = new Parameters(byId("parameters"), {
    moving: (name, value) => this.move(name, value, false),
    moved: (name, value) => this.move(name, value, true),
    reset: (name) => this.resetParameter(name),
  });
  private readonly prompt = byId<HTMLInputElement>("prompt");

  private readonly wanted = new Wanted(this.catalogue.effects);
  private locked = false;
  /** The seed was given, by a link or by hand, and has not been heard yet: the next sound has it. */
  private given = false;
  private matching = false;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private resolving = new AbortController();
  private making = new AbortController();

  /** Begins with the sound of the address, if it has one. */
  start(): void {
    this.player.onEnd = () => this.showPlaying();
    this.live.onFigures = ({ underruns, bufferedMs, aheadMs }) => {
      const gaps = underruns === 1 ? "1 gap" : `${underruns} gaps`;
      const buffered = `${Math.round(bufferedMs)} ms buffered`;
      byId("live-figures").textContent = `Live: ${gaps}, ${buffered}, ${aheadMs} ms ahead`;
    };
    this.live.onRefused = (error) => this.problem(error);
    this.live.onEnd = (error) => {
      if (error) this.problem(error);
      this.showLive();
    };
    const shared = soundOfHash(location.hash);
    if (shared) this.put(shared);
    else this.show();
    this.given = shared?.seed !== undefined;
    addEventListener("hashchange", () => {
      const other = soundOfHash(location.hash);
      if (other && hashOf(other) !== hashOf(this.wanted.asked)) this.recall(other);
    });
    requestAnimationFrame(this.tick);
    void this.presence.ask();
  }

  // ---- what is asked for

  /** Takes a sound over, from a link, the history or the bank. */
  private put(sound: Sound): void {
    this.wanted.put(sound);
    this.player.loop = this.wanted.looping;
    this.show();
    if (sound.prompt !== undefined) void this.resolve();
  }

  recall(sound: Sound): void {
    this.put(sound);
    void this.make();
  }

  chooseEffect(effect: string): void {
    const { sound, looping: loop } = this.wanted;
    this.put({ ...sound, prompt: undefined, effect, parameters: {}, loop, engine: undefined });
    void this.make({ anew: true });
  }

  chooseWords(prompt: string): void {
    const { sound, looping: loop } = this.wanted;
    this.put({ ...sound, effect: undefined, prompt, parameters: {}, loop });
    void this.make({ anew: true });
  }

  /** Takes in what is being typed. */
  type(): void {
    this.wanted.set({ effect: undefined, prompt: this.prompt.value.trim(), parameters: {} });
    this.wanted.understood = undefined;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => void this.resolve(), TYPING_MS);
    this.remember();
    this.catalogue.mark(undefined);
    sign.problem(undefined);
  }

  /** Asks what the words mean; shows it. */
  private async resolve(): Promise<void> {
    clearTimeout(this.typing);
    this.resolving.abort();
    const { signal } = (this.resolving = new AbortController());
    const { prompt } = this.wanted.sound;
    if (!prompt || this.wanted.neural) {
      this.understanding.clear();
      return this.showParameters();
    }
    try {
      const understood = await this.swash.resolvePrompt(prompt, { signal });
      if (this.wanted.sound.prompt !== prompt) return;
      this.wanted.understood = understood;
      this.understanding.show(prompt, understood, this.catalogue.effects);
      this.showParameters();
    } catch (reason) {
      this.problem(SwashError.from(reason));
    }
  }

  // ---- varying it

  /** The same again with what has changed, if there is something to compare with. */
  private vary(): void {
    this.remember();
    this.show();
    if (this.live.on) this.live.change(this.wanted.asked, this.wanted.armed);
    else if (this.takes.recording) void this.make({ fromS: this.here() });
  }

  private move(name: string, value: number | string, done: boolean): void {
    this.wanted.set({ parameters: { ...this.wanted.sound.parameters, [name]: value } });
    const steered = this.live.on && (this.live.armed || this.wanted.isLive(name));
    if (steered) this.live.set(name, value);
    if (!done) return;
    if (!steered) return this.vary();
    this.remember();
    this.showParameters();
  }

  private resetParameter(name: string): void {
    const { [name]: _, ...parameters } = this.wanted.sound.parameters;
    this.wanted.set({ parameters });
    this.vary();
  }

  resetParameters(): void {
    this.wanted.set({ parameters: {} });
    this.vary();
  }

  roll(): void {
    this.seed(rolled());
  }

  step(by: number): void {
    this.seed(stepped(this.wanted.sound.seed ?? 0, by));
  }

  private seed(seed: number): void {
    if (!this.wanted.said) return;
    this.wanted.set({ seed });
    this.remember();
    this.show();
    if (this.live.on) this.live.change(this.wanted.asked, this.wanted.armed);
    else void this.make();
  }

  lock(): void {
    this.locked = !this.locked;
    sign.pressed("lock", this.locked);
  }

  loop(): void {
    this.wanted.looping = !this.wanted.looping;
    this.player.loop = this.wanted.looping;
    this.remember();
    if (this.live.on) this.live.change(this.wanted.asked, this.wanted.armed);
    else if (this.wanted.endless && this.takes.recording) void this.make();
    else if (this.takes.recording && !this.player.playing && this.wanted.looping) this.play();
    this.showPlaying();
  }

  /** Where it sounds now, for what goes on there. */
  private here(): number {
    const playing = this.player.playing;
    return playing && playing.durationS >= FROM_HERE_S ? this.player.comingS : 0;
  }

  // ---- making and hearing it

  /** Has it made into the current take, and plays it while it comes. */
  async make({ anew = false, four = false, fromS = 0 }: Making = {}): Promise<void> {
    if (!this.wanted.said) return this.prompt.focus();
    this.making.abort();
    const { signal } = (this.making = new AbortController());
    sign.problem(undefined);
    const kept = this.given || this.locked || !anew;
    if (this.wanted.sound.seed === undefined || !kept) this.wanted.set({ seed: rolled() });
    this.given = false;
    this.show();
    if (this.wanted.sound.prompt && !this.wanted.understood && !this.wanted.neural) await this.resolve();
    if (signal.aborted) return;
    this.remember();
    sign.title(titleOf(this.wanted.asked));
    if (this.live.on) return this.live.change(this.wanted.asked, this.wanted.armed);
    const asked = { ...this.wanted.asked, takes: four ? NAMES.length : undefined };
    for (let triesLeft = MAX_TRIES; triesLeft && !signal.aborted; triesLeft--) {
      const error = await this.gather(asked, signal, four, fromS);
      if (!error || signal.aborted) break;
      if (error.retryAfterMs === undefined || triesLeft === 1) {
        this.problem(error);
        break;
      }
      sign.progress(error.message); // it is starting, or has as much to do as it may hold
      await pause(Math.max(error.retryAfterMs, SHORTEST_RETRY_MS), signal);
    }
    if (!signal.aborted) sign.progress("");
  }

  /** Takes in what is asked for; returns what went wrong, with a time to try again only before anything came. */
  private async gather(
    asked: Sound,
    signal: AbortSignal,
    four: boolean,
    fromS: number,
  ): Promise<SwashError | undefined> {
    sign.progress("asking");
    const first = four ? 0 : this.takes.current;
    let number = first;
    let last: Recording | undefined;
    try {
      for await (const recording of recorded(this.swash, asked, signal, (at) => sign.progress(stepOf(at)))) {
        this.receive((last = recording), number, number === first, fromS);
        number += 1;
      }
    } catch (reason) {
      if (last && !last.done) this.drop(last);
      const error = SwashError.from(reason);
      return last ? new SwashError(error.message, error.code) : error;
    }
    return undefined;
  }

  /** Takes a recording in that has begun, and plays it if it is the first. */
  private receive(recording: Recording, number: number, heard: boolean, fromS: number): void {
    const ended = () => {
      this.takes.put(number, recording);
      this.history.add(recording.sound);
      if (this.takes.current !== number) return;
      sign.progress("");
      this.picture.show(recording);
      figures.show(recording);
      this.player.gainDb = this.gainDb(recording);
      this.showPlaying();
    };
    if (heard) {
      this.takes.choose(number);
      sign.progress(recording.done ? "" : "arriving");
      this.player.play(recording, { fromS: Math.min(fromS, recording.durationS), gainDb: this.gainDb(recording) });
      this.scope.show(false);
    }
    this.takes.put(number, recording);
    if (recording.done) ended();
    else recording.listeners.add({ ended });
    if (heard) {
      figures.show(recording);
      this.showPlaying();
    }
  }

  /** Lets go of a recording that will not be whole. */
  private drop(recording: Recording): void {
    this.takes.drop(recording);
    if (this.player.playing === recording) this.player.stop();
    this.showPlaying();
  }

  playOrStop(): void {
    if (this.live.on && this.live.armed) this.live.trigger();
    else if (this.live.on) this.toggleLive();
    else if (this.player.playing) this.stop();
    else if (this.takes.recording) this.play();
    else void this.make({ anew: true });
  }

  stop(): void {
    const arriving = this.takes.recording?.done === false; // it may as well come whole
    if (!arriving) {
      this.making.abort();
      sign.progress("");
    }
    this.player.stop();
    if (this.live.on) this.toggleLive();
    this.showPlaying();
  }

  private play(fromS = 0): void {
    const { recording } = this.takes;
    if (!recording) return;
    this.player.play(recording, { fromS, gainDb: this.gainDb(recording) });
    this.showPlaying();
  }

  /** Chooses a take and plays it, where the one before was if both go on. */
  take(number: number): void {
    const fromS = this.here();
    this.takes.choose(number);
    const { recording } = this.takes;
    if (this.live.on) this.toggleLive();
    if (!recording) {
      this.player.stop();
      sign.say(`Take ${NAMES[number]} is empty: the next sound goes there.`);
      return this.showPlaying();
    }
    const { loop, ...rest } = recording.sound;
    const samePrompt = rest.prompt === this.wanted.sound.prompt;
    this.wanted.sound = rest;
    if (loop) this.wanted.looping = this.player.loop = true;
    if (!samePrompt) {
      this.wanted.understood = undefined;
      if (rest.prompt) void this.resolve();
    }
    this.show();
    this.remember();
    sign.title(titleOf(rest));
    const there = recording.durationS > fromS ? fromS : 0;
    this.player.play(recording, { fromS: there, gainDb: this.gainDb(recording) });
    if (recording.done) this.picture.show(recording);
    figures.show(recording);
    this.showPlaying();
  }

  seek(event: PointerEvent): void {
    this.play(this.picture.positionOf(event));
  }

  seekBy(byS: number): void {
    const { recording } = this.takes;
    if (recording) this.play(Math.min(recording.durationS, Math.max(0, (this.player.positionS ?? 0) + byS)));
  }

  hearSeam(): void {
    const { recording } = this.takes;
    if (!recording) return;
    if (!this.wanted.looping) this.wanted.looping = this.player.loop = true;
    this.play(Math.max(0, recording.turn.end / recording.rate - SEAM_S));
  }

  match(): void {
    this.matching = !this.matching;
    byId<HTMLInputElement>("match").checked = this.matching;
    if (this.player.playing) this.player.gainDb = this.gainDb(this.player.playing);
  }

  set volume(level: number) {
    this.player.volume = level;
  }

  private gainDb(recording: Recording): number {
    return this.matching ? this.takes.matchDb(recording) : 0;
  }

  // ---- live

  toggleLive(): void {
    if (this.live.on) {
      this.live.end();
      return this.showLive();
    }
    void this.goLive();
  }

  private async goLive(): Promise<void> {
    if (!this.wanted.said) return this.prompt.focus();
    if (this.wanted.sound.seed === undefined) this.wanted.set({ seed: rolled() });
    if (this.wanted.sound.prompt && !this.wanted.understood) await this.resolve();
    this.making.abort();
    this.player.stop();
    this.show();
    sign.problem(undefined);
    byId("live-figures").textContent = "Live: opening";
    sign.title(titleOf(this.wanted.sound));
    const begun = this.live.begin(this.swash, this.wanted.asked, this.wanted.armed);
    this.showLive();
    try {
      await begun;
    } catch (reason) {
      this.live.end();
      this.problem(SwashError.from(reason));
    }
    this.showLive();
  }

  // ---- keeping it

  keep(): void {
    const { recording } = this.takes;
    if (recording) this.bank.add(recording.sound);
  }

  async download(encoding: EncodingName): Promise<void> {
    const { recording } = this.takes;
    if (!recording) return;
    const { sound, header } = recording;
    sign.progress("downloading");
    try {
      const [take] = await this.swash.takes(requestFor({ ...sound, encoding }));
      if (take) save(figures.fileNameOf(sound, header, encoding), take.data, "application/octet-stream");
    } catch (reason) {
      this.problem(SwashError.from(reason));
    }
    sign.progress("");
  }

  async share(): Promise<void> {
    await this.copied(location.origin + location.pathname + hashOf(this.wanted.asked), "The link is copied.");
  }

  async copyCode(): Promise<void> {
    await this.copied(byId("code").textContent ?? "", "The code is copied.");
  }

  private async copied(text: string, said: string): Promise<void> {
    try {
      await copy(text);
      sign.say(said);
    } catch (reason) {
      sign.say(reason instanceof Error ? reason.message : String(reason));
    }
  }

  // ---- what is shown

  /** The server is there, at first or again. */
  private async arrive(info: GetServerInfoResponse): Promise<void> {
    this.settings.offer(info);
    sign.problem(undefined);
    try {
      this.catalogue.show(await this.swash.listEffects());
    } catch (reason) {
      this.problem(SwashError.from(reason));
    }
    this.show();
    if (this.wanted.sound.prompt) void this.resolve();
  }

  private problem(error: SwashError): void {
    if (error.code === Code.Canceled) return;
    if (error.code === Code.Unavailable && error.retryAfterMs === undefined) this.presence.lost();
    sign.problem(error);
    sign.progress("");
    if (error.code === Code.Unauthenticated) this.presence.unknown();
  }

  /** Puts the sound into the address: it can be sent, and survives a reload. */
  private remember(): void {
    if (this.wanted.said) history.replaceState(null, "", hashOf(this.wanted.asked));
    this.showCode();
  }

  private show(): void {
    const { sound } = this.wanted;
    const typing = document.activeElement === this.prompt && sound.effect === undefined;
    if (!typing) this.prompt.value = sound.prompt ?? "";
    if (sound.prompt === undefined) this.understanding.clear();
    this.settings.show(sound);
    this.catalogue.mark(sound.effect);
    sign.pressed("loop", this.wanted.looping);
    byId<HTMLButtonElement>("live").disabled = this.wanted.neural && !this.live.on; // sessions are procedural
    this.showParameters();
    this.showCode();
  }

  private showParameters(): void {
    const { first, neural, sound } = this.wanted;
    const changed = new Set(Object.keys(sound.parameters));
    byId("parameters-reset").hidden = changed.size === 0;
    byId("parameters-title").textContent = first ? first.effect.title : "Parameters";
    if (first) this.parameters.show(first.effect, { ...first.values, ...sound.parameters }, changed);
    else if (neural) this.parameters.clear("The neural engine goes by words alone.");
    else this.parameters.clear("Of the sound that you choose: they come with its first words.");
  }

  private showCode(): void {
    const language = byId<HTMLSelectElement>("language").value as Language;
    if (!(language in LANGUAGES)) return;
    const { asked, said } = this.wanted;
    const one = { ...asked, seed: asked.seed ?? 0 };
    byId("code").textContent = said ? codeOf(one, language, new URL(location.origin)) : "";
  }

  chooseLanguage(): void {
    this.showCode();
  }

  private showPlaying(): void {
    sign.playing({
      sounding: this.player.playing !== undefined || this.live.on,
      armed: this.live.on && this.live.armed,
      live: this.live.on,
      looping: this.wanted.looping,
      something: this.takes.recording !== undefined,
    });
  }

  private showLive(): void {
    this.scope.show(this.live.on);
    this.showPlaying();
  }

  private readonly tick = (): void => {
    this.picture.at(this.live.on ? undefined : this.player.positionS);
    this.scope.draw();
    requestAnimationFrame(this.tick);
  };
}

function stepOf({ queuePosition, step, steps }: { queuePosition: number; step: number; steps: number }): string {
  if (queuePosition) return `${queuePosition} before this one`;
  return steps ? `step ${step} of ${steps}` : "begun";
}
