/** What a recording looks like: waveform, spectrogram, and where it is playing. */

import WaveSurfer from "wavesurfer.js";
import Spectrogram from "wavesurfer.js/dist/plugins/spectrogram.esm.js";

import { byId, make, token } from "../shared/dom";
import type { Recording } from "./recording";
import WAVE_STYLE from "./waveform.txt";

const WAVE_PX = 112;
const SPECTRUM_PX = 112;
const FFT_FRAMES = 1024;
const RANGE_DB = 80;
const STEPS = 256; // of the spectrogram's colours
const LOWEST_HZ = 40;
const HIGHEST_HZ = 20_000;
const LABELS: [number, string][] = [
  [300, "300 Hz"],
  [2000, "2 kHz"],
  [10_000, "10 kHz"],
];

type Rgb = [number, number, number];

/** Draws one recording at a time. */
export class Picture {
  private readonly stage = byId("stage");
  private readonly wave = byId("wave");
  private readonly spectrum = byId("spectrum");
  private readonly seam = byId("seam");
  private readonly playhead = byId("playhead");
  private surfer: WaveSurfer | undefined;
  private shown: Recording | undefined;

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      if (this.shown) this.show(this.shown);
    });
  }

  /** Draws a finished recording. */
  show(recording: Recording): void {
    this.shown = recording;
    const highestHz = Math.min(HIGHEST_HZ, recording.rate / 2);
    this.surfer?.destroy();
    this.spectrum.replaceChildren();
    byId("empty").hidden = true;
    const surfer = (this.surfer = WaveSurfer.create({
      container: this.wave,
      height: WAVE_PX,
      waveColor: token("accent"),
      progressColor: token("accent"),
      cursorWidth: 0,
      interact: false,
      normalize: true,
      hideScrollbar: true,
      plugins: [
        Spectrogram.create({
          container: this.spectrum,
          height: SPECTRUM_PX,
          fftSamples: FFT_FRAMES,
          scale: "mel",
          frequencyMin: LOWEST_HZ,
          frequencyMax: highestHz,
          rangeDB: RANGE_DB,
          autoGain: true,
          colorMap: colours(),
        }),
      ],
    }));
    styled(surfer);
    // Nothing is fetched: the samples are here.
    void surfer.load("", recording.samples(), recording.durationS).catch(() => undefined);
    byId("hertz").replaceChildren(
      ...LABELS.filter(([hz]) => hz < highestHz).map(([hz, label]) => {
        const mark = make("span", {}, label);
        mark.style.bottom = `${SPECTRUM_PX * ((mel(hz) - mel(LOWEST_HZ)) / (mel(highestHz) - mel(LOWEST_HZ)))}px`;
        return mark;
      }),
    );
    const { header } = recording;
    this.seam.hidden = header.loop === undefined;
    if (header.loop) this.seam.style.left = `${(100 * Number(header.loop.endFrame)) / recording.frames}%`;
    this.stage.setAttribute("aria-valuemax", recording.durationS.toFixed(2));
    this.at(undefined);
  }

  /** Moves the playhead; undefined hides it. */
  at(positionS: number | undefined): void {
    this.playhead.hidden = positionS === undefined || !this.shown;
    if (positionS === undefined || !this.shown) return;
    const { durationS } = this.shown;
    this.playhead.style.left = `${100 * Math.min(1, positionS / durationS)}%`;
    this.stage.setAttribute("aria-valuenow", positionS.toFixed(2));
    this.stage.setAttribute("aria-valuetext", `${positionS.toFixed(1)} of ${durationS.toFixed(1)} seconds`);
  }

  /** Returns the place of a pointer, seconds. */
  positionOf(event: PointerEvent): number {
    const { left, width } = this.stage.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * (this.shown?.durationS ?? 0);
  }
}

/** Draws the outline of a recording into a small canvas. */
export function outline(canvas: HTMLCanvasElement, recording: Recording, colour: string): void {
  const pixels = devicePixelRatio || 1;
  const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * pixels)));
  const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * pixels)));
  const pen = canvas.getContext("2d");
  const [samples] = recording.samples();
  if (!pen || !samples) return;
  const peaks = Array.from({ length: width }, (_, x) => {
    let peak = 0;
    const end = Math.floor(((x + 1) * samples.length) / width);
    for (let at = Math.floor((x * samples.length) / width); at < end; at++) {
      peak = Math.max(peak, Math.abs(samples[at] ?? 0));
    }
    return peak;
  });
  const loudest = Math.max(1e-4, ...peaks);
  pen.fillStyle = colour;
  peaks.forEach((peak, x) => {
    const half = Math.max(0.5, (peak / loudest) * height * 0.48);
    pen.fillRect(x, height / 2 - half, 1, 2 * half);
  });
}

/** Gives wavesurfer the style that the page's policy does not let it write itself. */
function styled(surfer: WaveSurfer): void {
  const root = surfer.getWrapper().getRootNode();
  if (!(root instanceof ShadowRoot)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(WAVE_STYLE);
  root.adoptedStyleSheets = [sheet];
}

/** Returns the colours of levels, from the surface over the accent to the text. */
function colours(): [number, number, number, number][] {
  const stops = [token("sunken"), token("accent"), token("text")].map(rgb);
  return Array.from({ length: STEPS }, (_, step) => {
    const at = (step / (STEPS - 1)) ** 1.6 * (stops.length - 1);
    const from = Math.min(stops.length - 2, Math.floor(at));
    const [low, high] = [stops[from] as Rgb, stops[from + 1] as Rgb];
    const mixed = low.map((part, number) => (part + ((high[number] ?? 0) - part) * (at - from)) / 255) as Rgb;
    return [...mixed, 1];
  });
}

/** Returns the pitch that ears give a frequency (O'Shaughnessy 1987), as the spectrogram has it. */
function mel(hz: number): number {
  return 2595 * Math.log10(1 + hz / 700);
}

/** Returns the parts of "#rrggbb". */
function rgb(hex: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb;
}
