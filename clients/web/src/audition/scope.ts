/** What is heard in live mode, as it is heard. */

import { byId, token } from "../shared/dom";
import type { Player } from "./player";

/** An oscilloscope over the stage. */
export class Scope {
  private readonly canvas = byId<HTMLCanvasElement>("scope");
  private samples = new Float32Array(0);

  constructor(private readonly player: Player) {}

  show(shown: boolean): void {
    this.canvas.hidden = !shown;
  }

  /** Draws the last 40 ms or so. */
  draw(): void {
    if (this.canvas.hidden) return;
    const { analyser } = this.player.output;
    if (this.samples.length !== analyser.fftSize) this.samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(this.samples);
    const { canvas } = this;
    const pixels = devicePixelRatio || 1;
    const width = (canvas.width = Math.round(canvas.clientWidth * pixels));
    const height = (canvas.height = Math.round(canvas.clientHeight * pixels));
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.strokeStyle = token("accent");
    pen.lineWidth = 1.5 * pixels;
    pen.beginPath();
    this.samples.forEach((sample, at) => {
      const [x, y] = [(at / this.samples.length) * width, (0.5 - sample / 2) * height];
      if (at) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
    pen.stroke();
  }
}
