// A browser that does what it is told: one command a line of JSON comes in, one answer a line goes out.
//
//     node driven.mjs '{"playwright": FOLDER, "axe": FILE, "chromium": PROGRAM, "flags": []}'
//
// A command is [NAME, ...arguments]; an answer {"gave": ...} or {"failed": "why"}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

const { playwright, axe, chromium, flags } = JSON.parse(process.argv[2]);
const browser = await createRequire(import.meta.url)(playwright).chromium.launch({
  executablePath: chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", ...flags,
  ],
});
const page = await (await browser.newContext()).newPage();
page.setDefaultTimeout(20_000);
const said = [];
page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));

const commands = {
  goto: (url) => page.goto(url).then(() => undefined),
  reload: () => page.reload().then(() => undefined),
  click: (selector) => page.click(selector),
  focus: (selector) => page.focus(selector),
  press: (key) => page.keyboard.press(key),
  shown: (selector) => page.waitForSelector(selector, { state: "visible" }).then(() => undefined),
  hidden: (selector) => page.waitForSelector(selector, { state: "hidden" }).then(() => undefined),
  text: (selector) => page.innerText(selector),
  texts: (selector) => page.locator(selector).allInnerTexts(),
  attribute: (selector, name) => page.getAttribute(selector, name),
  evaluate: (expression) => page.evaluate(expression),
  size: (width, height) => page.setViewportSize({ width, height }),
  scheme: (colorScheme) => page.emulateMedia({ colorScheme }),
  picture: (path) => page.screenshot({ path }).then(() => undefined),
  said: () => said.splice(0),
  // The page's policy keeps script elements out; what the browser evaluates itself it allows.
  violations: async () => {
    await page.evaluate(readFileSync(axe, "utf8"));
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  let answer;
  try {
    answer = { gave: (await commands[name](...given)) ?? null };
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
