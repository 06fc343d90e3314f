/** What a page and the program that opens it say to each other. */

declare global {
  interface Window {
    given: unknown;
    told: unknown;
  }
}

/** Tells the program what a function returns of what was given. */
export function tell<Given>(main: (given: Given) => Promise<unknown>): void {
  window.told = main(window.given as Given);
}
