// Opens a page in a real browser and prints, as one line of JSON, what its `told` promises and what its console said.
//
//     node browser.mjs '{"playwright": FOLDER, "chromium": PROGRAM, "url": URL, "given": {...}, "flags": []}'
//
// The page finds `given` in window.given and sets window.told.
import { createRequire } from "node:module";
import process from "node:process";

const { playwright, chromium, url, given, flags } = JSON.parse(process.argv[2]);
const browser = await createRequire(import.meta.url)(playwright).chromium.launch({
  executablePath: chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", ...flags,
  ],
});
const said = [];
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  await page.addInitScript((values) => { window.given = values; }, given);
  await page.goto(url);
  const told = await page.evaluate(() => window.told);
  process.stdout.write(JSON.stringify({ told, said }) + "\n");
} finally {
  await browser.close();
}
