// Looks at the audition page while its server stops and comes back. Says a word on a line when it is so far, and goes
// on when a line comes in: "made" (stop the server), "away" (start it again), and at last a line of JSON.
//
//     node away.mjs '{"playwright": FOLDER, "chromium": PROGRAM, "url": URL}'
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

const { playwright, chromium, url } = JSON.parse(process.argv[2]);
const browser = await createRequire(import.meta.url)(playwright).chromium.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const said = [];
const told = {};

async function so(far) {
  process.stdout.write(`${far}\n`);
  await lines.next();
}

try {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  const heard = () => page.waitForFunction(() => document.getElementById("figures").dataset.sha256);
  const here = () => page.waitForSelector("#server[data-state=here]");
  await page.goto(url);
  await here();
  await page.fill("#prompt", "a wooden crate falls");
  await page.press("#prompt", "Enter");
  await heard();
  await page.click("#live");
  await page.waitForFunction(() => /ms buffered/.test(document.getElementById("live-figures").textContent));
  await so("made");
  await page.waitForSelector("#away:not([hidden])");
  told.away = await page.innerText("#away");
  told.live = await page.getAttribute("#live", "aria-pressed");
  await page.click("#play"); // what was made is still here
  told.playing = await page.textContent("#play span");
  await page.fill("#prompt", "light rain");
  await page.press("#prompt", "Enter");
  await page.click("#away-retry");
  told.still = await page.isVisible("#away");
  await so("away");
  await here();
  await page.waitForSelector("#away", { state: "hidden" });
  await page.waitForSelector(".chip.layer"); // it has asked again what the words mean
  await page.evaluate(() => delete document.getElementById("figures").dataset.sha256);
  await page.click("#make");
  await heard();
  told.back = await page.textContent("#sound-title");
} catch (error) {
  said.push(`away: ${error.stack}`);
} finally {
  await browser.close();
}
process.stdout.write(`${JSON.stringify({ told, said })}\n`);
process.exit(0);
