/** Whether the server is there; asked for again until it is. */

import { Code, EngineState, SwashError, type GetServerInfoResponse, type Swash } from "../client";
import { askWho, known, onToken } from "../shared/credentials";
import { byId } from "../shared/dom";

const RETRY_MS = 2000;
const TIMEOUT_MS = 4000;

/** The mark in the bar, and the notice when the server is away. */
export class Presence {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The engines and their states when it was last seen; empty while it is away. */
  private seen = "";

  constructor(
    private readonly swash: Swash,
    /** The server is there: at first, again, or with an engine more. */
    private readonly onHere: (info: GetServerInfoResponse) => void,
  ) {
    byId("away-retry").addEventListener("click", () => void this.ask());
    addEventListener("online", () => void this.ask());
    onToken(() => void this.ask());
  }

  /** Asks now, and again while it is away. */
  async ask(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const info = await this.swash.serverInfo({ timeoutMs: TIMEOUT_MS });
      const warming = info.engines.some(({ state }) => state === EngineState.WARMING_UP);
      this.show("here", `${warming ? "warming up, " : ""}swash ${info.version}`);
      byId("away").hidden = true;
      known();
      const seen = info.engines.map(({ name, state }) => `${name} ${state}`).join();
      const changed = seen !== this.seen;
      this.seen = seen;
      if (changed) this.onHere(info);
      if (warming) this.later();
    } catch (reason) {
      if (SwashError.from(reason).code === Code.Unauthenticated) this.unknown();
      else this.lost();
    }
  }

  /** The server wants to know who calls. */
  unknown(): void {
    this.seen = "";
    this.show("waiting", "who calls?");
    byId("away").hidden = true;
    askWho();
  }

  /** A call found nobody. */
  lost(): void {
    this.seen = "";
    this.show("away", "not there");
    byId("away").hidden = false;
    this.later();
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), RETRY_MS);
  }

  private show(state: string, text: string): void {
    const mark = byId("server");
    mark.dataset.state = state;
    mark.textContent = text;
  }
}
