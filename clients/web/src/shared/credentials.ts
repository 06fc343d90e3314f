/** The token of a page: asked for when the server wants one, and forgotten with the tab. */

import { bearer, isPrivate } from "../token";
import { byId } from "./dom";

const KEY = "swash.token";
let inMemory: string | undefined; // where the browser keeps nothing

/** Returns the token to send, undefined while there is none. */
export function token(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? inMemory;
  } catch {
    return inMemory;
  }
}

/** Returns the headers of a request that is no rpc. */
export function headers(): Record<string, string> {
  const now = token();
  return now === undefined ? {} : { authorization: bearer(now) };
}

/** Shows the field. */
export function askWho(): void {
  const form = byId("who");
  if (!form.hidden) return;
  byId("who-why").textContent = token() ? "The server does not know this token." : "The server asks who calls.";
  byId("who-open").hidden = isPrivate(new URL(location.href));
  form.hidden = false;
}

/** The server has answered: nobody needs the field. */
export function known(): void {
  byId("who").hidden = true;
}

/** Calls a function each time that a token is given. */
export function onToken(given: () => void): void {
  const field = byId<HTMLInputElement>("who-token");
  byId("who").addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = field.value.trim();
    field.value = "";
    try {
      bearer(typed);
    } catch {
      byId("who-why").textContent = "A token is one word, as `swash token new` shows it.";
      return;
    }
    keep(typed);
    known();
    given();
  });
}

function keep(typed: string): void {
  inMemory = typed;
  try {
    sessionStorage.setItem(KEY, typed);
  } catch {
    // full, or forbidden
  }
}
