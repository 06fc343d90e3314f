/** Does in a page what test_trust.py claims: tokens, breaks, sounds in one message. */

import * as swash from "../../../../clients/web/src/client";
import { tell } from "./page";

interface Given {
  /** Asks for a token. */
  server: string;
  token: string;
  /** The same server, over a connection that breaks after some bytes. */
  breaking: string;
  /** As that, after a few: no sound ever arrives. */
  hopeless: string;
}

const RAIN = { effect: "rain", durationS: 2, seed: 33, sampleRate: 48_000, channels: 2 };

tell(async ({ server, token, breaking, hopeless }: Given) => {
  const told: Record<string, unknown> = {};
  for (const protocol of ["connect", "grpc-web"] as const) {
    const right = swash.connect(server, { protocol, token });
    told[protocol] = {
      right: (await right.listEffects()).length > 0,
      session: await right.perform({ sampleRate: 8000 }).opened.then(({ sampleRate }) => sampleRate),
      none: await failure(swash.connect(server, { protocol }).serverInfo()),
      wrong: await failure(swash.connect(server, { protocol, token: "swash_wrong" }).takes(RAIN)),
      changing: (await swash.connect(server, { protocol, token: () => token }).serverInfo()).version !== "",
      bake: await failure(swash.connect(server, { protocol, token }).unload("nothing")),
      fetched: await samples(right.fetchSound({ ...RAIN, durationS: 0.5, priority: swash.Priority.INTERACTIVE })),
      rendered: await samples(right.takes({ ...RAIN, durationS: 0.5 }).then(([take]) => take!)),
      large: (await right.fetchSound({ ...RAIN, durationS: 20 })).data.length,
      file: String.fromCharCode(...(await right.fetchSound({ ...RAIN, encoding: swash.Encoding.FLAC })).data.slice(0, 4)),
      resumed: await takes(swash.connect(breaking, { protocol, token })),
      whole: await takes(right),
      seedless: await unglued(swash.connect(breaking, { protocol, token })),
      given: await failure(swash.connect(breaking, { protocol, token, retries: 0 }).takes(RAIN)),
      hopeless: await failure(swash.connect(hopeless, { protocol, token }).takes(RAIN)),
    };
  }
  return { ...told, insecure: insecure(token) };
});

/** Two takes, as samples. */
async function takes(client: swash.Swash): Promise<unknown> {
  const found = await client.takes({ ...RAIN, durationS: 1, takes: 2 }); // the second breaks
  return found.map(({ header, data }) => [header.take, header.seed, data.length, sum(data)]);
}

/** A sound whose seed the server chooses, over a connection that breaks: it is proved when it is whole. */
async function unglued(client: swash.Swash): Promise<number> {
  const [take] = await client.takes({ ...RAIN, seed: undefined });
  return take!.data.length;
}

async function samples(take: Promise<swash.Take>): Promise<unknown> {
  const { header, data } = await take;
  return [header.seed, data.length, sum(data)];
}

/** Where a token is not sent. */
function insecure(token: string): unknown {
  const tried = (address: string, more = {}) => {
    try {
      swash.connect(address, { token, ...more });
      return "";
    } catch (error) {
      return error instanceof swash.SwashError ? error.message : "not ours";
    }
  };
  return {
    open: tried("http://sounds.example:8080"),
    asked: tried("http://sounds.example:8080", { insecureToken: true }),
    tls: tried("https://sounds.example"),
    here: tried("http://[::1]:8080"),
    none: tried("https://sounds.example", { token: "a b" }),
  };
}

function sum(data: Uint8Array): number {
  return data.reduce((all, byte, at) => (all + byte * ((at % 251) + 1)) % 1_000_000_007, 0);
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error instanceof swash.SwashError ? swash.Code[error.code] : String(error);
  }
  return "";
}
