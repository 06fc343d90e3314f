"""Engines by name, each imported only when it is asked for."""

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from swash_model.engine import Engine
from swash_model.errors import EngineAbsentError, InvalidAskError

DEFAULT_ENGINE = "procedural"
NEURAL_ENGINE = "stable_audio"

_NEURAL_NEEDS = ("torch", "safetensors", "tokenizers", "transformers")
_PLAN_NEEDS = ("tokenizers",)
_NO_EXTRA = "what it runs on is not installed: pip install 'swash[neural]'"
_NO_WEIGHTS = "it has no weights here: give the server --model DIR; docs/guides/bring-your-weights.md tells how"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The weights that somebody brought, and how to run them.

    `t5_folder` None is the folder `t5` beside them. `precision` is "auto", "exact" or "fast"; `threads` 0 is one
    for each core; `device` is "cpu" or "cuda".
    """

    folder: Path
    t5_folder: Path | None = None
    precision: str = "auto"
    threads: int = 0
    device: str = "cpu"


class Engines:
    """The engines that are here, by name, and those that are not, with what to do about it."""

    def __init__(self, here: Mapping[str, Engine], absent: Mapping[str, str], apart: Collection[str] = ()) -> None:
        """Take the engines, not yet warm, and advice by name for those that callers may know of.

        Those that are `apart` only plan here: another process makes their sounds.
        """
        self._here = dict(here)
        self._absent = dict(absent)
        self.apart = frozenset(apart)

    @property
    def absent(self) -> Mapping[str, str]:
        """Return what to do about each engine that is not here."""
        return self._absent

    def __iter__(self) -> Iterator[Engine]:
        """Yield the engines that are here, the default one first."""
        return iter(sorted(self._here.values(), key=lambda engine: engine.name != DEFAULT_ENGINE))

    def named(self, name: str | None) -> Engine:
        """Return the engine asked for, None the default; raise EngineAbsentError or InvalidAskError."""
        asked = DEFAULT_ENGINE if name is None else name
        if asked in self._here:
            return self._here[asked]
        if asked in self._absent:
            raise EngineAbsentError(f"engine {asked!r}: {self._absent[asked]}")
        known = ", ".join(sorted({*self._here, *self._absent}))
        raise InvalidAskError("engine", f"one of {known}, got {asked[:80]!r}")

    def lose(self, name: str, why: str) -> None:
        """Take an engine that cannot be warmed up for absent; `why` is told to whoever asks for it."""
        del self._here[name]
        self._absent[name] = why


def load_engines(
    model: ModelChoice | None = None, apart: Collection[str] = (), *, pooled: bool = False
) -> Engines:
    """Return every engine that is here, not yet warm; the neural one only where there are weights.

    Of those that are to be made `apart` only what plans is here: the neural one loads nothing. `pooled`: its
    weights are on other machines.
    """
    # Imported here: the engines bring NumPy, SciPy and Numba, or torch, which `swash --help` does without.
    from swash_model.procedural.engine import ProceduralEngine  # noqa: PLC0415

    here: dict[str, Engine] = {DEFAULT_ENGINE: ProceduralEngine()}
    advice = [] if model or pooled else [_NO_WEIGHTS]
    if any(importlib.util.find_spec(name) is None for name in (_PLAN_NEEDS if pooled else _NEURAL_NEEDS)):
        advice.append(_NO_EXTRA)
    if advice:
        return Engines(here, {NEURAL_ENGINE: "; and ".join(advice)}, apart)
    if NEURAL_ENGINE in apart:
        from swash_model.stable_audio.planning import PlannedEngine  # noqa: PLC0415

        here[NEURAL_ENGINE] = PlannedEngine()
    elif model is not None:
        here[NEURAL_ENGINE] = neural_engine(model)
    return Engines(here, {}, apart)


def neural_engine(model: ModelChoice) -> Engine:
    """Return the neural engine, not yet warm, where what it runs on is installed."""
    from swash_model.stable_audio.engine import StableAudioEngine  # noqa: PLC0415

    return StableAudioEngine(model.folder, model.t5_folder, model.precision, model.threads, model.device)
