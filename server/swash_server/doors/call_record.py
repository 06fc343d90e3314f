"""What is known of the call that is being answered: for its line in the log and its span."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from swash_model.spec import Spec
from swash_server.callers.identity import Identity


@dataclass(slots=True)
class CallRecord:
    """One call. What it sounds like is that of its first take; None is what is not known, or not yet.

    `prompt` may be written down only where `prompts` says so, and who the caller is nowhere.
    """

    method: str = ""
    transport: str = ""
    request_id: str = ""
    prompts: bool = False
    began_s: float = field(default_factory=time.perf_counter)
    sent_bytes: int = 0
    engine: str | None = None
    effect: str | None = None  # "rain/tin_roof+wind", the loudest first
    seed: int | None = None
    cached: str | None = None
    first_frames_s: float | None = None
    prompt: str | None = None
    caller: Identity | None = None

    def sounds(self, spec: Spec, cached: str) -> None:
        """Take what the first take is, and where it came from."""
        if self.seed is None:
            self.engine, self.seed, self.cached = spec.engine, spec.seed, cached
            self.effect = named(spec)

    def heard(self) -> None:
        """Take the time of the first frames; only the first call counts."""
        if self.first_frames_s is None:
            self.first_frames_s = time.perf_counter() - self.began_s

    def fields(self, code: str) -> dict[str, str | int | float]:
        """Return the record of a call that ended with a code of gRPC, without what is not known."""
        first_ms = None if self.first_frames_s is None else round(self.first_frames_s * 1000.0, 3)
        known = {
            "request_id": self.request_id,
            "method": self.method,
            "code": code,
            "transport": self.transport,
            "engine": self.engine,
            "effect": self.effect,
            "seed": self.seed,
            "cached": self.cached,
            "first_frames_ms": first_ms,
            "total_ms": round((time.perf_counter() - self.began_s) * 1000.0, 3),
            "bytes": self.sent_bytes,
            "prompt": self.prompt if self.prompts else None,
        }
        return {name: value for name, value in known.items() if value is not None}


def named(spec: Spec) -> str | None:
    """Return the effects and presets of a sound, names of the catalogue all; None of one without layers."""
    return "+".join(layer.path for layer in spec.layers) or None


CALL: ContextVar[CallRecord | None] = ContextVar("call", default=None)


def recorded() -> CallRecord:
    """Return the record of the call that is being answered; outside of any, one that nobody reads."""
    return CALL.get() or CallRecord()
