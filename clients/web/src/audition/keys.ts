/** The keyboard: what a sound designer's left hand does. */

/** What keys do. */
export interface Commands {
  playOrStop(): void;
  stop(): void;
  roll(): void;
  step(by: number): void;
  loop(): void;
  take(number: number): void;
  match(): void;
  keep(): void;
  prompt(): void;
  help(): void;
}

/** Elements that need keys for themselves. */
const TYPES = "input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]";
const MOVES = "input[type=range], [role=slider], [role=tab], select, summary, pre";
const PRESSES = "button, a, summary, input[type=checkbox]";

/** Listens on the whole page. */
export function listen(commands: Commands): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("dialog")) return;
    const typing = target.matches(TYPES);
    if (event.key === "Escape") {
      commands.stop();
      if (typing && target instanceof HTMLElement) target.blur();
      return;
    }
    if (typing) return;
    // A button that was reached by Tab is pressed by Space; one that was clicked only happens to have the focus.
    if (event.key === " " && target.matches(PRESSES) && target.matches(":focus-visible")) return;
    if (event.key.startsWith("Arrow") && target.matches(MOVES)) return;
    const command = commandOf(event, commands);
    if (!command) return;
    event.preventDefault();
    command();
  });
}

function commandOf({ key, repeat }: KeyboardEvent, commands: Commands): (() => void) | undefined {
  if (key === "ArrowLeft" || key === "ArrowRight") return () => commands.step(key === "ArrowLeft" ? -1 : 1);
  if (repeat) return undefined;
  if (/^[1-4]$/.test(key)) return () => commands.take(Number(key) - 1);
  switch (key.toLowerCase()) {
    case " ":
      return () => commands.playOrStop();
    case "r":
      return () => commands.roll();
    case "l":
      return () => commands.loop();
    case "m":
      return () => commands.match();
    case "b":
      return () => commands.keep();
    case "/":
      return () => commands.prompt();
    case "?":
      return () => commands.help();
    default:
      return undefined;
  }
}
