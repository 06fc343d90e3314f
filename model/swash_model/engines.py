"""Engines by name, each imported only when it is asked for."""

from collections.abc import Mapping

from swash_model.engine import Engine
from swash_model.errors import EngineAbsentError, InvalidAskError

DEFAULT_ENGINE = "procedural"

ABSENT = {
    "stable_audio": "this version of swash makes no neural sound yet; ask for the engine 'procedural'",
}
"""Engines that callers may know of and that are not here, with what to do about it."""


def load_engines() -> Mapping[str, Engine]:
    """Return every engine that is here, by name; not yet warm."""
    # Imported here: the engine brings NumPy, SciPy and Numba, which `swash --help` does without.
    from swash_model.procedural.engine import ProceduralEngine  # noqa: PLC0415

    return {DEFAULT_ENGINE: ProceduralEngine()}


def engine_named(engines: Mapping[str, Engine], name: str | None) -> Engine:
    """Return the engine asked for; raise EngineAbsentError or InvalidAskError."""
    asked = DEFAULT_ENGINE if name is None else name
    if asked in engines:
        return engines[asked]
    if asked in ABSENT:
        raise EngineAbsentError(f"engine {asked!r}: {ABSENT[asked]}")
    raise InvalidAskError("engine", f"one of {', '.join(sorted(engines))}, got {asked[:80]!r}")
