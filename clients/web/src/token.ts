/** A token: who calls. */

import type { Interceptor } from "@connectrpc/connect";

import { Code, SwashError } from "./error";

/** A token, or what gives the one of the moment: undefined for none. */
export type Token = string | (() => string | undefined);

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;

/** Returns whether what is sent to an address can be read by nobody on the way. */
export function isPrivate(address: URL): boolean {
  return address.protocol === "https:" || LOOPBACK.test(address.hostname);
}

/** Returns the header of a token; throws InvalidArgument, which never shows it, for what is none. */
export function bearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw invalid(`printable ASCII without spaces, got ${token.length} characters that are not`);
}

/** Returns what lets every call carry a token. */
export function carrying(token: Token, baseUrl: string, insecure: boolean): Interceptor {
  const address = new URL(baseUrl, globalThis.location?.href);
  if (!insecure && !isPrivate(address)) {
    throw invalid(`only over https, got none to ${address.origin}; give insecureToken if the way there is safe`);
  }
  if (typeof token === "string") bearer(token);
  return (next) => (request) => {
    const now = typeof token === "string" ? token : token();
    if (now !== undefined) request.header.set("authorization", bearer(now));
    return next(request);
  };
}

function invalid(description: string): SwashError {
  const violations = [{ field: "token", description }];
  return new SwashError(`token: ${description}`, Code.InvalidArgument, { violations });
}
