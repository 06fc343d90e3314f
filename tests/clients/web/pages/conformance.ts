/** Makes every call of the script; the lines are told in tests/conformance/README.md. */

import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";

import * as swash from "../../../../clients/web/src/client";
import { tell } from "./page";

const ABSENT = "-";

interface Given {
  server: string;
  protocol: "connect" | "grpc-web";
}

/** One call, and what came of it so far. */
interface Call {
  rpc: string;
  requests: Uint8Array[];
  options: swash.CallOptions;
  take: <Desc extends DescMessage>(schema: Desc, event: MessageShape<Desc>) => void;
}

tell(async ({ server, protocol }: Given) => {
  const script = await (await fetch("script.tsv")).text();
  const lines: string[] = [];
  for (const line of script.trimEnd().split("\n")) {
    const columns = line.split("\t");
    const token = columns[5] === ABSENT ? undefined : columns[5];
    lines.push(await observed(swash.connect(server, { protocol, token }), columns));
  }
  return lines;
});

async function observed(client: swash.Swash, columns: string[]): Promise<string> {
  const [name = "", rpc = "", requests = "", timeoutMs = ABSENT, cancelAfterEvents = ABSENT] = columns;
  const events: string[] = [];
  const leaving = new AbortController();
  const call: Call = {
    rpc,
    requests: requests.split(",").map(fromBase64),
    options: { signal: leaving.signal, ...(timeoutMs === ABSENT ? {} : { timeoutMs: Number(timeoutMs) }) },
    take(schema, event) {
      events.push(toBase64(toBinary(schema, event)));
      if (String(events.length) === cancelAfterEvents) leaving.abort();
    },
  };
  let error: swash.SwashError | undefined;
  try {
    await make(client, call);
  } catch (reason) {
    error = swash.SwashError.from(reason);
  }
  return [
    "CALL",
    name,
    error?.code ?? 0,
    text(error?.message ?? ""),
    error?.violations[0]?.field ?? ABSENT,
    text(error?.suggestions.join(";") ?? ""),
    error?.retryAfterMs ?? ABSENT,
    events.length ? events.join(",") : ABSENT,
  ].join("\t");
}

async function make(client: swash.Swash, { rpc, requests, options, take }: Call): Promise<void> {
  const first = requests[0] ?? new Uint8Array();
  switch (rpc) {
    case "Render": {
      const request = fromBinary(swash.RenderRequestSchema, first);
      for await (const event of client.render(request, options)) take(swash.RenderResponseSchema, event);
      return;
    }
    case "Fetch": {
      const { render } = fromBinary(swash.FetchRequestSchema, first);
      const { header, data, trailer } = await client.fetchSound(render!, options);
      return take(swash.FetchResponseSchema, create(swash.FetchResponseSchema, { header, data, trailer }));
    }
    case "Perform":
      return perform(client, requests, options, take);
    case "Preload": {
      const { tag, source } = fromBinary(swash.PreloadRequestSchema, first);
      const sounds = source.case === "sounds" ? source.value.sounds : (source.value ?? "");
      for await (const event of client.preload(tag, sounds, options)) take(swash.PreloadResponseSchema, event);
      return;
    }
    case "Unload": {
      const { tag } = fromBinary(swash.UnloadRequestSchema, first);
      return take(swash.UnloadResponseSchema, await client.unload(tag, options));
    }
    case "ListEffects":
      return take(swash.ListEffectsResponseSchema, await client.rpcs.listEffects({}, options));
    case "ResolvePrompt": {
      const { prompt } = fromBinary(swash.ResolvePromptRequestSchema, first);
      return take(swash.ResolvePromptResponseSchema, await client.resolvePrompt(prompt, options));
    }
    case "GetServerInfo":
      return take(swash.GetServerInfoResponseSchema, await client.serverInfo(options));
    case "Listen": {
      const request = fromBinary(swash.ListenRequestSchema, first);
      for await (const event of client.rpcs.listen(request, options)) take(swash.PerformResponseSchema, event);
      return;
    }
    case "Control": {
      const request = fromBinary(swash.ControlRequestSchema, first);
      return take(swash.ControlResponseSchema, await client.rpcs.control(request, options));
    }
    default:
      throw new RangeError(`rpc: one of the contract, got ${rpc}`);
  }
}

async function perform(
  client: swash.Swash,
  requests: Uint8Array[],
  options: swash.CallOptions,
  take: Call["take"],
): Promise<void> {
  const [opening, ...commands] = requests.map((request) => fromBinary(swash.PerformRequestSchema, request));
  if (opening?.command.case !== "open") throw new RangeError("the first request opens the session");
  const session = client.perform(opening.command.value, options);
  for (const command of commands) void session.command(command);
  session.finish();
  for await (const event of session) take(swash.PerformResponseSchema, event);
}

function fromBase64(coded: string): Uint8Array {
  return Uint8Array.from(atob(coded), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let characters = "";
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}

function text(message: string): string {
  return message ? toBase64(new TextEncoder().encode(message)) : ABSENT;
}
