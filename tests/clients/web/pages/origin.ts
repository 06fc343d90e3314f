/** Tells what a page may read of a server from where it stands. */

import * as swash from "../../../../clients/web/src/client";
import { tell } from "./page";

interface Given {
  closed: string;
  open: string;
}

tell(async ({ closed, open }: Given) => ({
  origin: location.origin,
  closed: [await seen(closed, "connect"), await seen(closed, "grpc-web")],
  metrics: await fetch(`${closed}/metrics`).then((answer) => answer.status, String),
  open: [await seen(open, "connect"), await seen(open, "grpc-web")],
}));

/** A call of each kind, and what an error says. */
async function seen(server: string, protocol: "connect" | "grpc-web"): Promise<unknown> {
  const client = swash.connect(server, { protocol });
  return {
    version: await client.serverInfo().then((info) => info.version, told),
    click: await client.takes({ effect: "ui_click" }).then((takes) => takes.length, told),
    wrong: await client.takes({ effect: "雨" }).then(() => "", told),
    full: await client.perform().closed.then(() => "", told),
  };
}

function told(error: unknown): unknown {
  if (!(error instanceof swash.SwashError)) return String(error);
  return [swash.Code[error.code], error.violations[0]?.field ?? "", error.retryAfterMs ?? 0];
}
