"""The board: what the dashboard shows of a server, the last sounds among it."""

import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from swash_model.engines import Engines
from swash_server.observability.board_note import Json, Noted

MAX_SOUNDS = 100

# What the page draws. One that is not registered is left out, and so is its line.
_SAMPLES = frozenset([
    "process_resident_memory_bytes",
    "swash_audio_seconds_total",
    "swash_behind_sounds",
    "swash_cache_bytes",
    "swash_cache_lookups_total",
    "swash_calls_total",
    "swash_fallbacks_total",
    "swash_first_frames_seconds_bucket",
    "swash_live_sessions",
    "swash_live_underruns_total",
    "swash_live_voices",
    "swash_quality_failures_total",
    "swash_recording_sounds",
    "swash_refused_total",
    "swash_render_seconds_sum",
    "swash_recording_limit_sounds",
    "swash_waiting_limit_sounds",
    "swash_waiting_sounds",
])  # fmt: skip


class Board:
    """Remembers the last hundred sounds, and tells them with the metrics. Lives on the event loop."""

    def __init__(self, registry: CollectorRegistry, engines: Engines, ready: Callable[[], bool]) -> None:
        """Read metrics from a registry; `ready` says whether the engines are warm."""
        self._registry = registry
        self._engines = engines
        self._ready = ready
        self._sounds: deque[tuple[int, Noted]] = deque(maxlen=MAX_SOUNDS)
        self._number = 0
        self._run = secrets.token_hex(8)
        self._began_s = time.monotonic()
        self._version = version("swash")

    def add(self, sound: Noted) -> None:
        """Remember a take that ended; the oldest is forgotten for it."""
        self._number += 1
        self._sounds.append((self._number, sound))

    def told(self, *, since: int, prompts: bool) -> dict[str, Json]:
        """Return the state of the server now, and the sounds that ended after number `since`, oldest first.

        `prompts` says whether the reader may see the callers' words.
        """
        # A number of another run of the server says nothing of this one.
        after = since if since <= self._number else 0
        return {
            "run": self._run,
            "now_s": time.time(),
            "version": self._version,
            "uptime_s": time.monotonic() - self._began_s,
            "ready": self._ready(),
            "engines": self._states(),
            "samples": self._samples(),
            "prompts": prompts,
            "last": self._number,
            "sounds": [
                {"number": number, **sound.shown(prompts=prompts)}
                for number, sound in self._sounds
                if number > after
            ],
        }

    def _states(self) -> list[Json]:
        """Return each engine's name and version, and the advice for one that is absent."""
        state = "ready" if self._ready() else "warming up"
        here: list[Json] = [
            {"name": engine.name, "version": engine.version, "state": state, "advice": ""}
            for engine in self._engines
        ]
        absent: list[Json] = [
            {"name": name, "version": "", "state": "absent", "advice": advice}
            for name, advice in self._engines.absent.items()
        ]
        return here + absent

    def _samples(self) -> list[Json]:
        """Return the metrics as [name, labels, value]; what is no number is left out."""
        return [
            [sample.name, dict(sample.labels), sample.value]
            for family in self._registry.collect()
            for sample in family.samples
            if sample.name in _SAMPLES and math.isfinite(sample.value)
        ]
