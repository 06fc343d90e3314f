// Uses the audition page in a real browser and prints what came of it as one line of JSON: every control once, then
// what matters by keys alone, then what axe finds.
//
//     node walk.mjs '{"playwright": FOLDER, "axe": FILE, "chromium": PROGRAM, "url": URL, "into": FOLDER,
//                     "manifest": FILE, "walks": ["all", "keys", "axe"]}'
//
// The page's policy stays in force; what was played is measured at the analyser that it all goes through.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const { playwright, axe, chromium, url, into, manifest, walks } = JSON.parse(process.argv[2]);
const browser = await createRequire(import.meta.url)(playwright).chromium.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const said = [];
const told = {};

/** Opens a page of its own browser profile. */
async function opened(options = {}, remembered = {}, address = url) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && !/^(data|blob):$/.test(protocol)) said.push(`outside: ${request.url()}`);
  });
  await page.addInitScript((entries) => {
    for (const [key, value] of Object.entries(entries)) localStorage.setItem(key, value);
    const Real = AnalyserNode;
    window.AnalyserNode = class extends Real {
      constructor(...given) {
        super(...given);
        window.analyser = this;
      }
    };
  }, remembered);
  await page.goto(address);
  await page.waitForSelector("#server[data-state=here]");
  await page.waitForSelector(".effect", { state: "attached" });
  return page;
}

/** Does something and waits until another sound is there whole; returns what is shown of it. */
async function heard(page, act) {
  await page.evaluate(() => delete document.getElementById("figures").dataset.sha256);
  await act();
  await page.waitForFunction(() => document.getElementById("figures").dataset.sha256);
  await page.waitForFunction(() => document.getElementById("progress").textContent === "");
  return shown(page);
}

const shown = (page) =>
  page.evaluate(() => ({
    sha256: document.getElementById("figures").dataset.sha256,
    hash: location.hash,
    figures: Object.fromEntries(
      [...document.querySelectorAll("#figures div")].map((each) => [each.children[0].textContent, each.children[1].textContent]),
    ),
    seed: document.getElementById("seed").value,
    code: document.getElementById("code").textContent,
  }));

/** Waits until the loudspeaker gets something else than silence. */
const audible = (page) =>
  page.waitForFunction(() => {
    const samples = new Float32Array(2048);
    window.analyser?.getFloatTimeDomainData(samples);
    return samples.some((sample) => Math.abs(sample) > 1e-4);
  });

const pressed = (page, id) => page.getAttribute(`#${id}`, "aria-pressed");
const texts = (page, selector) => page.$$eval(selector, (found) => found.map((each) => each.textContent));
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  const name = download.suggestedFilename();
  await download.saveAs(join(into, name));
  return name;
}

async function words(page) {
  await page.fill("#duration", "1"); // short sounds are soon made
  await page.dispatchEvent("#duration", "change");
  await page.fill("#prompt", "light rain on a tin roof and flurble");
  await page.waitForSelector(".chip.layer");
  told.understood = { struck: await texts(page, "#understood s"), layers: await texts(page, ".layer strong") };
  told.words = await heard(page, () => page.press("#prompt", "Enter"));
  await audible(page);
  told.again = await heard(page, () => page.click("#make"));
  await page.click("#lock");
  told.locked = await heard(page, () => page.click("#make"));
  await page.click("#lock");
  await page.fill("#prompt", "my dog asdf");
  await page.waitForSelector("#understood .chip:not(.layer)");
  told.suggestions = await texts(page, "#understood .chip");
  told.suggested = await heard(page, () => page.click("#understood .chip"));
  await page.fill("#prompt", "rain and thunder");
  await page.waitForSelector(".layer:nth-child(2)");
  told.layer = await heard(page, () => page.click(".layer:nth-child(2)"));
}

async function catalogue(page) {
  await page.fill("#catalogue-search", "tin roof");
  told.found = await page.$$eval(".effect", (all) => all.filter((each) => each.checkVisibility()).map((each) => each.children[0].textContent));
  await page.fill("#catalogue-search", "");
  await page.click("summary:text-is('Impact')");
  told.preset = await heard(page, () => page.click("button:text-is('wooden crate')"));
  await page.click("summary:text-is('Rain')");
  told.effect = await heard(page, () => page.click(".effect[open] button:text-is('default')"));
}

async function settings(page) {
  const slider = "#parameter-intensity";
  await page.focus(slider);
  told.slid = await heard(page, () => page.press(slider, "PageUp"));
  told.exact = await heard(page, async () => {
    await page.fill("[aria-label='Intensity, exactly']", "0.7");
    await page.press("[aria-label='Intensity, exactly']", "Tab");
    await page.dispatchEvent("[aria-label='Intensity, exactly']", "change");
  });
  told.reset = await heard(page, () => page.click("[aria-label='Reset Intensity']"));
  told.chosen = await heard(page, () => page.selectOption("#parameter-surface", "metal"));
  told.resetAll = await heard(page, () => page.click("#parameters-reset"));
  await page.click("#output summary");
  const set = async (id, value) => {
    await page.fill(`#${id}`, value);
    await page.dispatchEvent(`#${id}`, "change");
  };
  for (const [id, value] of [["seed", "7"], ["object-seed", "3"], ["duration", "1.5"], ["loudness", "-21"]]) {
    await heard(page, () => set(id, value));
  }
  await heard(page, () => set("ceiling", "-2"));
  await heard(page, () => page.selectOption("#sample-rate", "44100"));
  await heard(page, () => page.selectOption("#channels", "1"));
  told.set = await heard(page, () => page.click("#trim"));
}

async function playing(page) {
  await page.fill("#duration", "2");
  await heard(page, () => page.dispatchEvent("#duration", "change"));
  told.looped = await heard(page, () => page.click("#loop"));
  told.looped.seam = await page.isVisible("#seam");
  await page.click("#seam-hear");
  await page.waitForFunction(() => Number(document.getElementById("stage").getAttribute("aria-valuenow")) > 0.9);
  told.turned = await page
    .waitForFunction(() => Number(document.getElementById("stage").getAttribute("aria-valuenow")) < 0.5)
    .then(() => page.textContent("#play span")); // past the seam, it still plays
  await page.click("#play");
  told.stopped = await page.textContent("#play span");
  await page.click("#play");
  told.started = await page.textContent("#play span");
  await audible(page);
  await page.fill("#volume", "0");
  await page.waitForFunction(() => {
    const samples = new Float32Array(2048);
    window.analyser.getFloatTimeDomainData(samples);
    return samples.every((sample) => Math.abs(sample) < 1e-4);
  });
  await page.fill("#volume", "100");
  await page.click("#stage", { position: { x: 300, y: 50 } });
  await audible(page);
  told.varied = await heard(page, () => page.click("#dice"));
  await page.click("#four");
  await page.waitForFunction(() => [...document.querySelectorAll(".take .told")].every((each) => /LUFS/.test(each.textContent)));
  told.takes = await texts(page, ".take .told");
  await page.click("#match");
  await page.click(".take:nth-child(2)");
  told.second = { ...(await shown(page)), pressed: await page.getAttribute(".take:nth-child(2)", "aria-pressed") };
}

async function live(page) {
  await page.click("#live");
  await audible(page);
  await page.waitForFunction(() => /[1-9]\d* ms buffered/.test(document.getElementById("live-figures").textContent));
  await page.focus("#parameter-intensity");
  await page.press("#parameter-intensity", "PageUp");
  told.live = { pressed: await pressed(page, "live"), figures: await page.textContent("#live-figures") };
  await page.click("#live");
  told.left = await pressed(page, "live");
  await page.click("summary:text-is('Whoosh')");
  await heard(page, () => page.click(".effect[open] button:text-is('default')"));
  await page.click("#live");
  await page.waitForFunction(() => /buffered/.test(document.getElementById("live-figures").textContent));
  told.armed = await page.textContent("#play span");
  await page.click("#play");
  await audible(page);
  await page.press("body", "Escape");
}

async function keeping(page) {
  await heard(page, async () => {
    await page.fill("#prompt", "a light breeze, 2 seconds");
    await page.press("#prompt", "Enter");
  });
  await page.selectOption("#encoding", "ogg_opus");
  await page.click("#download"); // at 44.1 kHz, which Opus has not
  await page.waitForSelector("#problem:not([hidden])");
  told.refused = await page.textContent("#problem");
  await heard(page, () => page.selectOption("#sample-rate", "48000"));
  await page.fill("#seed", "84");
  told.kept = await heard(page, () => page.dispatchEvent("#seed", "change"));
  told.files = {};
  for (const encoding of ["wav", "flac", "ogg_vorbis", "ogg_opus", "pcm_s16le", "pcm_f32le"]) {
    await page.selectOption("#encoding", encoding);
    told.files[encoding] = await saved(page, () => page.click("#download"));
  }
  await page.click("#bank-add");
  await page.click("#bank-add");
  await page.fill("#bank-list li:nth-child(2) input", "breeze: \"two\" # of 2");
  await page.dispatchEvent("#bank-list li:nth-child(2) input", "change");
  await page.fill("#tag", "walk");
  told.manifest = await saved(page, () => page.click("#bank-export"));
  await page.click("#bank-preload");
  await page.waitForFunction(() => /All are ready/.test(document.getElementById("bank-said").textContent));
  await page.click("#bank-unload");
  await page.waitForFunction(() => /may be forgotten/.test(document.getElementById("bank-said").textContent));
  told.unloaded = await page.textContent("#bank-said");
  const choose = async (file) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.click("#bank-import")]);
    await chooser.setFiles(file);
  };
  await choose(manifest);
  await page.waitForFunction(() => /are in from/.test(document.getElementById("bank-said").textContent));
  told.imported = await page.$$eval("#bank-list input", (all) => all.map((each) => each.value));
  writeFileSync(join(into, "wrong.yaml"), "swash: 1\nsounds:\n  - prompt: rain\n    duration_s: 500\n");
  await choose(join(into, "wrong.yaml"));
  await page.waitForSelector("#bank-said.wrong");
  told.wrong = await page.textContent("#bank-said");
  told.fromBank = await heard(page, () => page.click("[aria-label='Hear menu click']"));
  await page.click("[aria-label='Remove menu click']");
  told.removed = await page.$$eval("#bank-list input", (all) => all.map((each) => each.value));
  await page.click("#tab-history");
  told.history = await texts(page, ".recall .name");
  told.recalled = await heard(page, () => page.click("#history-list li:nth-child(2) button"));
  await page.click("#history-clear");
  told.cleared = await page.isVisible("#history-empty");
  await page.click("#tab-code");
  told.code = {};
  for (const language of ["python", "csharp", "gdscript", "grpcurl"]) {
    await page.selectOption("#language", language);
    await page.click("#copy");
    await page.waitForFunction(() => /code is copied/.test(document.getElementById("said").textContent));
    told.code[language] = await clipboard(page);
  }
  await page.click("#share");
  await page.waitForFunction(() => /link is copied/.test(document.getElementById("said").textContent));
  told.link = await clipboard(page);
}

async function neural(page) {
  await page.click("#neural summary");
  await page.fill("#prompt", "a bell");
  await page.selectOption("#engine", "stable_audio");
  await page.waitForSelector("#neural-fields", { state: "visible" });
  const seen = page.evaluate(
    () =>
      new Promise((done) => {
        const progress = document.getElementById("progress");
        new MutationObserver(() => /step \d+ of 2/.test(progress.textContent) && done(progress.textContent)).observe(progress, { childList: true });
      }),
  );
  for (const [id, value] of [["steps", "2"], ["guidance", "2"], ["negative-prompt", "music"], ["duration", "0.5"]]) {
    await page.fill(`#${id}`, value);
    await page.dispatchEvent(`#${id}`, "change");
  }
  await page.check("#short-window");
  told.neural = await heard(page, () => page.press("#prompt", "Enter"));
  told.neural.progress = await seen;
}

/** Everything that matters, by keys alone. */
async function keys() {
  const page = await opened();
  const key = (name) => page.keyboard.press(name);
  const focus = () => page.evaluate(() => document.activeElement.id);
  await key("Tab");
  await key("Enter"); // the way past the catalogue
  await key("/");
  told.keys = { prompt: await focus() };
  await page.keyboard.type("a wooden crate falls");
  const first = await heard(page, () => key("Enter"));
  await key("Escape");
  told.keys.blurred = await focus();
  const rolled = await heard(page, () => key("r"));
  const after = await heard(page, () => key("ArrowRight"));
  const before = await heard(page, () => key("ArrowLeft"));
  told.keys.seeds = [first, rolled, after, before].map(({ seed }) => seed);
  told.keys.same = before.sha256 === rolled.sha256;
  await key("2");
  told.keys.second = await page.getAttribute(".take:nth-child(2)", "aria-pressed");
  await heard(page, () => key("r"));
  await key("1");
  await key("l");
  told.keys.loop = await pressed(page, "loop");
  told.keys.playing = await page.textContent("#play span");
  await key("Space");
  told.keys.stopped = await page.textContent("#play span");
  await key("m");
  told.keys.match = await page.isChecked("#match");
  await key("b");
  told.keys.kept = await page.textContent("#bank-count");
  await key("?");
  told.keys.help = await page.isVisible("#help");
  await key("Escape");
  told.keys.closed = await page.isHidden("#help");
  // Every control can be reached, and shows that it is: none is left by Tab alone.
  const reached = await page.evaluate(() => {
    const wanted = [...document.querySelectorAll("button, input, select, summary, a, [tabindex='0']")].filter(
      (each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0,
    );
    return wanted.length;
  });
  const seen = new Set();
  for (let press = 0; press < reached + 5; press++) {
    await key("Tab");
    seen.add(await page.evaluate(() => {
      const all = [...document.querySelectorAll("*")];
      return all.indexOf(document.activeElement);
    }));
  }
  told.keys.reached = [seen.size - (seen.has(-1) ? 1 : 0), reached];
  await page.context().close();
}

/** Looks as axe does at the page in both schemes, narrow and wide. */
async function accessible() {
  told.axe = {};
  const source = readFileSync(axe, "utf8");
  for (const [colorScheme, width] of [["light", 360], ["light", 1600], ["dark", 360], ["dark", 1600]]) {
    const page = await opened({ colorScheme, viewport: { width, height: 900 } });
    await page.fill("#prompt", "light rain on a tin roof and flurble, 1 second");
    await page.waitForSelector(".chip.layer");
    await heard(page, () => page.press("#prompt", "Enter"));
    await page.click("#bank-add");
    await page.click("#output summary");
    if (width === 360) await page.click("#catalogue > summary");
    await page.waitForFunction(() => document.getAnimations().every((each) => each.playState === "finished"));
    await page.evaluate(source);
    const look = () => page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await window.axe.run(document, { runOnly: tags });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    told.axe[`${colorScheme} ${width}`] = { violations: await look(), wider };
    if (width === 1600) {
      await page.click("#help-open");
      told.axe[`${colorScheme} help`] = { violations: await look(), wider };
    }
    await page.context().close();
  }
}

/** Every control, by mouse. */
async function all() {
  const page = await opened();
  for (const walk of [words, catalogue, settings, playing, live, keeping, neural]) await walk(page);
  const damaged = { "swash.history": "{no JSON", "swash.bank": '[1, {"name": 2}, {"name": "x", "sound": {}}]' };
  const other = await opened({}, damaged, told.link);
  told.opened = await heard(other, () => other.click("#make"));
  told.opened.counts = await texts(other, "#bank-count, #history-count");
  await page.context().close();
}

try {
  for (const walk of walks) await { all, keys, axe: accessible }[walk]();
} catch (error) {
  said.push(`walk: ${error.stack}`);
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify({ told, said }) + "\n");
