"""A neural engine that makes what a test says from each seed: good sounds, and every kind of bad one."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from swash_model.engine import UNWATCHED, Watch
from swash_model.spec import Block, Spec
from tests.server.hand_engine import HandEngine

BLOCK_FRAMES = 4410


def _good(sound: Block) -> Block:
    return sound


def _silent(sound: Block) -> Block:
    return 0.0005 * sound


def _not_a_number(sound: Block) -> Block:
    sound[len(sound) // 2 :, 0] = np.nan
    return sound


def _one_sided(sound: Block) -> Block:
    sound[:, 1] = 0.0
    return sound


def _clipped(sound: Block) -> Block:
    return np.asarray(np.clip(20.0 * sound, -1.0, 1.0), np.float32)


def _off_centre(sound: Block) -> Block:
    return sound + np.float32(0.3)


def _late(sound: Block) -> Block:
    sound[: len(sound) // 2] = 0.0
    return sound


def _broken_end(sound: Block) -> Block:
    sound[-100:, 0] = np.inf
    return sound


def _clicks(sound: Block) -> Block:
    sound[len(sound) * 3 // 4] += 0.5
    return sound


KINDS: Mapping[str, Callable[[Block], Block]] = {
    "good": _good,
    "late": _late,  # half of it is silence: good all the same
    "silence": _silent,
    "not_finite": _not_a_number,
    "dead_channel": _one_sided,
    "clipping": _clipped,
    "dc": _off_centre,
    "broken_end": _broken_end,
    "click": _clicks,
}


@dataclass(frozen=True)
class Script:
    """What becomes of a seed: the kind of sound, and whether it is given whole or block by block."""

    kind: str
    whole: bool = False


class BadEngine(HandEngine):
    """Makes a tone of the seed's pitch, or what the script says of the seed. Its blocks come when they may."""

    def __init__(self, script: Mapping[int, Script]) -> None:
        super().__init__()
        self.script = dict(script)
        self.blocks = threading.Semaphore(0)  # for what follows the first block, where a test holds it
        self.holds_blocks = False

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        script = self.script.get(spec.seed, Script("good"))
        (sound,) = list(super().render(spec, watch, together)) or [np.zeros((0, 2), np.float32)]
        fade = np.minimum(1.0, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / 441)
        sound = KINDS[script.kind]((sound * fade[:, None]).astype(np.float32))
        step = len(sound) if script.whole else BLOCK_FRAMES
        for start in range(0, len(sound), max(1, step)):
            if start and self.holds_blocks:
                assert self.blocks.acquire(timeout=60)
            yield sound[start : start + step]
