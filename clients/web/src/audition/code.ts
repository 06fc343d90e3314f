/** A sound as code that asks for the very same one. */

import { FIELDS, fieldsOf, jsonOf, type Field, type Sound } from "./sound";

/** Where the server is: gRPC has a port of its own, which a page cannot know. */
const GRPC_PORT = 50051;

export const LANGUAGES = {
  python: "Python",
  csharp: "C# (Unity)",
  gdscript: "GDScript (Godot)",
  grpcurl: "grpcurl",
} as const;
export type Language = keyof typeof LANGUAGES;

/** Returns code that asks the server of this page for a sound. */
export function codeOf(sound: Sound, language: Language, at: URL): string {
  const { takes: _, encoding: __, ...one } = sound;
  return { python, csharp, gdscript, grpcurl }[language](one, at);
}

function python(sound: Sound, at: URL): string {
  const said = [
    sound.prompt !== undefined ? pythonOf(sound.prompt) : `effect=${pythonOf(sound.effect ?? "")}`,
    ...(hasParameters(sound) ? [`parameters=${pythonOf(sound.parameters)}`] : []),
    ...fieldsOf(sound).map(([name, value]) => `${name}=${pythonOf(value)}`),
  ];
  return [
    "from swash_client import Client",
    "",
    `with Client("${at.hostname}:${GRPC_PORT}") as client:`,
    `    sound = client.render(${lines(said, "        ", "    ")})`,
    '    sound.save("sound.wav")',
    "",
  ].join("\n");
}

function csharp(sound: Sound, at: URL): string {
  const said = [
    sound.prompt !== undefined ? `Prompt = ${cString(sound.prompt)}` : `Effect = ${cString(sound.effect ?? "")}`,
    ...(hasParameters(sound)
      ? [
          `Parameters = { ${Object.entries(sound.parameters)
            .map(([name, value]) => {
              const kind = typeof value === "number" ? `Number = ${value}` : `Choice = ${cString(value)}`;
              return `[${cString(name)}] = new ParameterValue { ${kind} }`;
            })
            .join(", ")} }`,
        ]
      : []),
    ...fieldsOf(sound).map(([name, value]) => `${pascal(name)} = ${cValue(name, value)}`),
  ];
  return [
    "using Swash;",
    "using Swash.V1;",
    "",
    `using (var swash = new SwashClient("${at.origin}"))`,
    "{",
    "    Take take = await swash.RenderAsync(new RenderRequest",
    "    {",
    ...said.map((each) => `        ${each},`),
    "    });",
    "    float[] samples = take.ToSamples();",
    "}",
    "",
  ].join("\n");
}

function gdscript(sound: Sound, at: URL): string {
  const options = [
    ...(sound.prompt === undefined ? [`effect = ${JSON.stringify(sound.effect ?? "")}`] : []),
    ...(hasParameters(sound)
      ? [
          `parameters = {${Object.entries(sound.parameters)
            .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
            .join(", ")}}`,
        ]
      : []),
    ...fieldsOf(sound).map(([name, value]) => `${name} = ${gdValue(name, value)}`),
  ];
  const prompt = JSON.stringify(sound.prompt ?? "");
  return [
    "# $SwashClient: a node of the addon, below this one",
    `$SwashClient.server_url = "${at.origin}"`,
    `var result = await $SwashClient.render_sound(${prompt}, {${lines(options, "\t", "")}})`,
    "if result.ok:",
    "\t$AudioStreamPlayer.stream = result.take.to_stream()",
    "\t$AudioStreamPlayer.play()",
    "else:",
    "\tpush_warning(result.error)",
    "",
  ].join("\n");
}

function grpcurl(sound: Sound, at: URL): string {
  const json = JSON.stringify(jsonOf(sound)).replaceAll("'", "'\\''");
  return `grpcurl -plaintext -d '${json}' \\\n  ${at.hostname}:${GRPC_PORT} swash.v1.SoundService/Render\n`;
}

/** Returns what is said in brackets: in a line where it fits, else one below the other. */
function lines(said: string[], indent: string, outdent: string): string {
  const line = said.join(", ");
  if (line.length <= 60) return line;
  return `\n${said.map((each) => `${indent}${each},\n`).join("")}${outdent}`;
}

function hasParameters({ parameters }: Sound): boolean {
  return Object.keys(parameters).length > 0;
}

/** Returns a value as Python writes it; JSON's strings are Python's too. */
function pythonOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pythonOf(each)}`);
  return `{${pairs.join(", ")}}`;
}

function cString(text: string): string {
  return JSON.stringify(text); // its escapes are C#'s too
}

function cValue(name: Field, value: number | string | boolean): string {
  if (FIELDS[name] === "loop method") return `LoopMethod.${pascal(String(value))}`;
  return typeof value === "string" ? cString(value) : String(value);
}

function gdValue(name: Field, value: number | string | boolean): string {
  if (FIELDS[name] !== "loop method") return JSON.stringify(value);
  return value === "crossfade" ? "2" : "1"; // LoopMethod of the contract
}

function pascal(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
