// Opens a page in Chromium until it sets window.exitCode. Standard output: a line of JSON for each console message,
// ["log" or "error", text], and last ["exit", code]; code is null when the time ran out.
// node browser.mjs PLAYWRIGHT CHROMIUM URL TIMEOUT_MS
import { createRequire } from "node:module";

const [playwright, executablePath, url, timeoutMs] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(playwright);

const say = (kind, what) => process.stdout.write(`${JSON.stringify([kind, what])}\n`);

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox", // as root in a container there is none
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
  ],
});

const page = await browser.newPage();
page.on("console", (message) => say(message.type() === "error" ? "error" : "log", message.text()));
const broke = new Promise((_, reject) => {
  page.on("crash", () => reject(new Error("crashed")));
  page.on("pageerror", (error) => {
    if (error.name === "RuntimeError") reject(error); // WebAssembly has stopped: nothing more comes
    else say("error", `page: ${error.message}`); // a worklet that loads while the page closes
  });
});
const exited = async () => {
  await page.goto(url);
  await page.waitForFunction(() => window.exitCode !== undefined, null, { timeout: Number(timeoutMs) });
  return page.evaluate(() => window.exitCode);
};
let code = null;
try {
  code = await Promise.race([exited(), broke]);
} catch (error) {
  say("error", `page: ${error.message}`);
}
await browser.close();
say("exit", code);
