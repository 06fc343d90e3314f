/** What can go wrong with a call: one error, with what the server says of it. */

import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb";
import { ResolvePromptResponseSchema, type Refused } from "./gen/swash/v1/sound_pb";

export { Code };

/** A field of the request, and what is wrong with it: its range and what was got. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What the server says besides its message. */
export interface ErrorDetails {
  readonly violations?: readonly FieldViolation[];
  readonly suggestions?: readonly string[];
  readonly unknownWords?: readonly string[];
  readonly retryAfterMs?: number;
}

/** A call failed, or a command was refused. The message says why, the code what to do. */
export class SwashError extends Error {
  override readonly name = "SwashError";
  /** gRPC's: InvalidArgument, change the request; Unavailable or ResourceExhausted, come back later; ... */
  readonly code: Code;
  /** The fields at fault, of an InvalidArgument. */
  readonly violations: readonly FieldViolation[];
  /** What to try instead of a prompt that matches nothing, of a NotFound. */
  readonly suggestions: readonly string[];
  /** Words of such a prompt that meant nothing. */
  readonly unknownWords: readonly string[];
  /** When it is worth trying again, if the server says. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, code: Code, details: ErrorDetails = {}, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.violations = details.violations ?? [];
    this.suggestions = details.suggestions ?? [];
    this.unknownWords = details.unknownWords ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Returns whatever a call threw as a SwashError. */
  static from(reason: unknown): SwashError {
    if (reason instanceof SwashError) return reason;
    const error = ConnectError.from(reason);
    if (error.cause instanceof TypeError) {
      // fetch tells nothing apart, lest pages learn what they may not read.
      const perhaps = "the server is not there, the connection broke, or this page's origin is not allowed";
      return new SwashError(`${perhaps} (${error.rawMessage})`, Code.Unavailable, {}, reason);
    }
    if (error.code === Code.Unknown) {
      return new SwashError(`the answer broke off (${error.rawMessage})`, Code.Unavailable, {}, reason);
    }
    return new SwashError(error.rawMessage, error.code, detailsOf(error), reason);
  }

  /** Returns the answer to a command that could not be done as an error. */
  static ofRefused(refused: Refused): SwashError {
    const violation = { field: refused.field, description: refused.message };
    return new SwashError(refused.field ? `${refused.field}: ${refused.message}` : refused.message, refused.code, {
      violations: refused.field ? [violation] : [],
      suggestions: refused.suggestions,
    });
  }
}

function detailsOf(error: ConnectError): ErrorDetails {
  const [resolution] = error.findDetails(ResolvePromptResponseSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const delay = retry?.retryDelay;
  return {
    violations: error.findDetails(BadRequestSchema).flatMap((request) => request.fieldViolations),
    suggestions: resolution?.suggestions ?? [],
    unknownWords: resolution?.unknownWords ?? [],
    retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
  };
}
