"""How well neural loops join: what is heard where a turn begins again, on a ring, crossfaded, and merely cut.

python -m benchmarks.neural_loops [--model DIR] [--precision P] [--seeds N] [--lengths SECONDS ...]

Without a model it writes a small random one. Random weights make noise, in which hardly anything can join badly:
the second table says what the same measures make of wind, which can.
"""

import argparse
import copy
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import table
from swash_model.dsp.seam import Seam, seam_of
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block, LoopMethod, NeuralAsk
from swash_model.stable_audio import random_model
from swash_model.stable_audio.config import read_config
from swash_model.stable_audio.engine import StableAudioEngine
from swash_model.stable_audio.limits import DEFAULT_STEPS
from swash_model.stable_audio.planning import MAX_CROSSFADE_S
from swash_model.stable_audio.released import RELEASED, T5_BASE
from swash_model.stable_audio.sampler import GOLDEN_RATIO
from tests.hearing import level_db

PROMPT = "steady rain on a tin roof"
LENGTHS_S = (2.0, 5.0, 10.0)
SHARES = (0.5, 0.8)  # of what a model makes at most, if that is shorter than all of these
SEEDS = 8
WIND_S = 5.0
SMALL_CHANNELS = 16  # of the autoencoder's first block, where the released model has 128

WAYS = ("ring", "ring, where the last window began", "crossfade", "cut")
HEAD = ("length", "way", "jump", "slope", "flux", "level, dB")


def main(arguments: Sequence[str] = ()) -> None:
    """Print what is heard at the seams, and what the measures make of a sound that is known."""
    asked = _parsed(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if asked.model is None:
            random_model.write(Path(folder), 0, _small_config(), _small_t5())
        loops = Loops(asked.model or Path(folder), asked.precision)
        seeds = range(asked.seeds)
        rows, overlaps = [], []
        for length_s in asked.lengths or loops.lengths_s():
            every = [list(loops.seams(length_s, seed)) for seed in seeds]
            for way, seams in zip(WAYS, zip(*every, strict=True), strict=True):
                rows.append((f"{length_s:.2g} s", way, *_told(seams)))
            overlaps += [loops.level_of_overlap_db(length_s, seed) for seed in seeds]
    what = "a small random model" if asked.model is None else asked.model.name
    title = f"Seams of neural loops, {what}, {loops.version}, {len(seeds)} seeds"
    table(f"{title}: median (worst); 1 is the 99th percentile inside", HEAD, rows)
    print(
        f"\nA crossfade is {np.mean(overlaps):+.1f} dB ({_furthest(overlaps):+.1f}) against the rest of its turn."
    )
    table(f"The same of the procedural engine's wind, {len(seeds)} seeds", HEAD, list(_rows_of_wind(len(seeds))))


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a loop, and how much of it is a crossfade."""

    sound: Block
    overlap_frames: int = 0


class Loops:
    """Makes loops with one model."""

    def __init__(self, folder: Path, precision: str) -> None:
        self._engine = StableAudioEngine(folder, precision=precision)
        self._engine.warm_up()
        self._ratio = read_config(folder / "model_config.json").ratio

    @property
    def version(self) -> str:
        """Return the version of the engine: weights and precision."""
        return self._engine.version

    def lengths_s(self) -> list[float]:
        """Return lengths that the model can make, a second of crossfade included."""
        longest_s = self._engine.max_duration_s
        return [each for each in LENGTHS_S if each + MAX_CROSSFADE_S <= longest_s] or [
            share * longest_s for share in SHARES
        ]

    def seams(self, length_s: float, seed: int) -> Iterator[Seam]:
        """Yield what is heard at the seam of each of the ways."""
        rate = self._engine.sample_rate
        ring = self._turn(length_s, seed, LoopMethod.LATENTS).sound
        yield seam_of(ring, rate)
        yield seam_of(ring, rate, self._last_window(len(ring)))
        yield seam_of(self._turn(length_s, seed, LoopMethod.CROSSFADE).sound, rate)
        yield seam_of(_cut(self._sound(seed), round(length_s * rate)), rate)

    def level_of_overlap_db(self, length_s: float, seed: int) -> float:
        """Return how loud the crossfade is against the rest of its turn."""
        turn = self._turn(length_s, seed, LoopMethod.CROSSFADE)
        overlap, rest = np.split(turn.sound, [turn.overlap_frames])
        return level_db(overlap) - level_db(rest)

    @cache  # noqa: B019  # one of these lives as long as the program
    def _turn(self, length_s: float, seed: int, method: LoopMethod) -> Turn:
        engine = self._engine
        neural = NeuralAsk(loop_method=method)
        ask = Ask(prompt=PROMPT, duration_s=length_s, loop=True, seed=seed, neural=neural)
        (sound,) = engine.render(engine.resolve(ask).spec)
        made_s = len(sound) / engine.sample_rate
        overlap_s = min(MAX_CROSSFADE_S, made_s / 2, engine.max_duration_s - made_s)
        return Turn(sound, 0 if method is LoopMethod.LATENTS else round(overlap_s * engine.sample_rate))

    @cache  # noqa: B019
    def _sound(self, seed: int) -> Block:
        """Return the longest sound that is no loop."""
        ask = Ask(prompt=PROMPT, duration_s=self._engine.max_duration_s, seed=seed)
        return np.concatenate(list(self._engine.render(self._engine.resolve(ask).spec)))

    def _last_window(self, frames: int) -> int:
        """Return the frame where the transformer's window began at the last step: a seam of its own, if any."""
        length = frames // self._ratio
        return round((DEFAULT_STEPS - 1) * length / GOLDEN_RATIO) % length * self._ratio


def _cut(sound: Block, frames: int) -> Block:
    """Return the middle of a sound."""
    start = (len(sound) - frames) // 2
    return sound[start : start + frames]


def _rows_of_wind(seeds: int) -> Iterator[tuple[str, ...]]:
    engine = ProceduralEngine()
    loops, cuts = [], []
    for seed in range(seeds):
        loop, longer = (
            np.concatenate(list(engine.render(engine.resolve(ask).spec)))
            for ask in (
                Ask(effect="wind", duration_s=WIND_S, loop=True, seed=seed),
                Ask(effect="wind", duration_s=WIND_S + 1.0, seed=seed),
            )
        )
        loops.append(seam_of(loop, engine.sample_rate))
        cuts.append(seam_of(_cut(longer, len(loop)), engine.sample_rate))
    yield (f"{WIND_S:.2g} s", "loop", *_told(loops))
    yield (f"{WIND_S:.2g} s", "cut", *_told(cuts))


def _told(seams: Sequence[Seam]) -> tuple[str, ...]:
    """Return jump, slope, flux and level of some seams: the median, and the worst."""
    *sizes, levels_db = zip(*seams, strict=True)
    said = [f"{np.median(each):.2f} ({max(each):.2f})" for each in sizes]
    return (*said, f"{np.median(levels_db):+.1f} ({_furthest(levels_db):+.1f})")


def _furthest(levels_db: Sequence[float]) -> float:
    return max(levels_db, key=abs)


def _small_config() -> dict[str, Any]:
    """Return the released structure and length with few channels."""
    content: dict[str, Any] = copy.deepcopy(dict(RELEASED))
    model = content["model"]
    model["conditioning"]["cond_dim"] = 64
    model["diffusion"]["config"] |= {
        "embed_dim": 128, "depth": 4, "num_heads": 2, "cond_token_dim": 64, "global_cond_dim": 64,
    }  # fmt: skip
    for half in ("encoder", "decoder"):
        model["pretransform"]["config"][half]["config"]["channels"] = SMALL_CHANNELS
    return content


def _small_t5() -> Mapping[str, Any]:
    return {**T5_BASE, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4, "vocab_size": 512}


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neural_loops")
    parser.add_argument("--model", type=Path, help="folder of weights; a small random model if absent")
    parser.add_argument("--precision", default="auto", choices=["auto", "exact", "fast"])
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"loops of each length and way (default {SEEDS})")
    parser.add_argument("--lengths", type=float, nargs="+", metavar="SECONDS", help="of a turn")
    return parser.parse_args(list(arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
