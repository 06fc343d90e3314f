"""The neural engine in a replica of a pool, held up by hand: where a test says so, after its first step."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from swash_model.engine import UNWATCHED, Engine, Watch
from swash_model.spec import Block, Spec
from swash_model.stable_audio.engine import StableAudioEngine
from swash_model.stable_audio.planning import neural_of
from swash_server.making import mastering

GATED = "behind the gate"


class GatedEngine(StableAudioEngine):
    """Reads a byte from a pipe that has a name after the first step of a sound whose prompt says so."""

    def __init__(self, model: Path, gate: Path) -> None:
        super().__init__(model, threads=1)
        self._gate = gate

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        def progress(step: int, steps: int) -> None:
            watch.progress(step, steps)
            if step == 1 and GATED in neural_of(spec).prompt:
                pipe = os.open(self._gate, os.O_RDONLY)
                os.read(pipe, 1)
                os.close(pipe)

        return super().render(spec, replace(watch, progress=progress), together)


def load(model: str, gate: str) -> Engine:
    """Return the engine, warm: called in a replica."""
    engine = GatedEngine(Path(model), Path(gate))
    engine.warm_up()
    mastering.warm_up()
    return engine
