// Builds the pages that the server shows, into server/swash_server/pages/, which is checked in.
//
//     node build.mjs           writes them
//     node build.mjs --check   says which are not fresh, and fails when one is not
//
// A page is a folder of src/ with main.ts, page.html and, where it has them, worklets (*.worklet.ts). It becomes
// PAGE.html, PAGE.js, PAGE.css and WORKLET.js; page.html names them as the server serves them, /pages/FILE.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const INTO = join(HERE, "../../server/swash_server/pages");
const PAGES = ["audition", "dashboard"];
const WORKLET = ".worklet.ts";
const NOTICES = "LICENCES.txt";

const decoder = new TextDecoder();

/** The page's policy forbids style elements; audition/waveform.txt takes the place of this one. */
const withoutInlineStyle = {
  name: "without-inline-style",
  setup(bundling) {
    bundling.onLoad({ filter: /wavesurfer\.esm\.js$/ }, ({ path }) => {
      const parts = readFileSync(path, "utf8").split(/<style\$\{.*?<\/style>/s);
      if (parts.length !== 2) throw new Error(`${path}: one style element expected, found ${parts.length - 1}`);
      return { contents: parts.join(""), loader: "js" };
    });
  },
};

/** Returns what a page consists of: file name to text, and the modules of others that went in. */
async function built(page) {
  const from = join(HERE, "src", page);
  const files = new Map();
  const modules = [];
  const worklets = readdirSync(from).filter((file) => file.endsWith(WORKLET));
  const entries = [
    { in: join(from, "main.ts"), out: page },
    ...worklets.map((file) => ({ in: join(from, file), out: basename(file, WORKLET) })),
  ];
  const { outputFiles, metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: entries,
    outdir: INTO,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none", // NOTICES holds the terms whole
    loader: { ".txt": "text" },
    metafile: true,
    write: false,
    logLevel: "warning",
    plugins: [withoutInlineStyle],
  });
  for (const { path, contents } of outputFiles) files.set(relative(INTO, path), decoder.decode(contents));
  files.set(`${page}.html`, readFileSync(join(from, "page.html"), "utf8"));
  modules.push(...Object.keys(metafile.inputs).filter((input) => input.startsWith("node_modules/")));
  return { files, modules };
}

/** Returns the terms of what others wrote and the pages contain. */
function notices(modules) {
  const packages = new Map();
  for (const module of [...new Set(modules)].sort()) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module);
    packages.set(name, [...(packages.get(name) ?? []), module]);
  }
  const parts = [...packages].map(([name, files]) => {
    const folder = join(HERE, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const terms = file ? [readFileSync(join(folder, file), "utf8").trim()] : headings(files);
    return `${name} ${version} (${license})\n\n${terms.join("\n\n")}\n`;
  });
  const apache = readFileSync(join(HERE, "../../LICENSE"), "utf8").trim();
  const all = [...parts, `Apache License\n\n${apache}\n`];
  return `The pages of swash contain these packages.\n\n${all.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** Returns the different comments that files begin with: who wrote them, on which terms. */
function headings(files) {
  const found = files.map((file) => /^(?:\/\/.*\n)+/.exec(readFileSync(join(HERE, file), "utf8"))?.[0].trim());
  return [...new Set(found.filter((heading) => heading))];
}

/** Returns every file of the folder, as it should be. */
async function all() {
  const files = new Map();
  const modules = [];
  for (const page of PAGES.filter((each) => existsSync(join(HERE, "src", each, "main.ts")))) {
    const made = await built(page);
    for (const [name, text] of made.files) files.set(name, text);
    modules.push(...made.modules);
  }
  files.set(NOTICES, notices(modules));
  return files;
}

const wanted = await all();
const there = existsSync(INTO) ? readdirSync(INTO) : [];
const fresh = (name, text) => there.includes(name) && readFileSync(join(INTO, name), "utf8") === text;
const stale = [...wanted].filter(([name, text]) => !fresh(name, text));
const extra = there.filter((name) => !wanted.has(name));
if (process.argv.includes("--check")) {
  const wrong = [...stale.map(([name]) => name), ...extra].sort();
  if (wrong.length) {
    process.stderr.write(`not fresh: ${wrong.join(", ")}; run \`node clients/web/build.mjs\`\n`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(INTO, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(INTO, name), text);
  for (const name of extra) rmSync(join(INTO, name));
}
