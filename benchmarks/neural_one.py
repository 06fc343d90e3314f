"""One way to run a model, timed in a process of its own: python -m benchmarks.neural_one FOLDER WAY LATENTS_FILE.

WAY is eager (the plain float32 networks, decoded whole), or a precision of the engine. Prints JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from swash_model.engine import Watch
from swash_model.spec import Ask, NeuralAsk
from swash_model.stable_audio.engine import StableAudioEngine
from swash_model.stable_audio.model import Options, Sound, load

PROMPT = "heavy rain on a tin roof with distant thunder"
REPEATS = 2
SHORT_S = 1.0


def main() -> None:
    """Print what was measured of one way."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    print(json.dumps(_eager(folder) if way == "eager" else _engine(folder, way)))


@torch.inference_mode()
def _eager(folder: Path) -> dict[str, Any]:
    began_s = time.perf_counter()
    model = load(folder)
    measured: dict[str, Any] = {"start_s": time.perf_counter() - began_s, "loaded_mib": _mib("VmRSS")}
    config = model.config
    seconds = config.latent_frames * config.ratio / config.sample_rate
    runs = []
    for seed in range(REPEATS + 1):  # the first is warm-up
        began_s = time.perf_counter()
        *_, latents = model.sample([Sound(PROMPT, seconds, seed)], Options())
        sampled_s = time.perf_counter() - began_s
        model.decode(latents)
        runs.append({"sample_s": sampled_s, "total_s": time.perf_counter() - began_s})
    best = min(runs[1:], key=lambda run: run["total_s"])
    best["decode_s"] = best["total_s"] - best["sample_s"]
    best["first_s"] = best["total_s"]
    return measured | {"audio_s": seconds, "whole": best, "peak_mib": _mib("VmHWM"), "resident_mib": _mib("VmRSS")}


def _engine(folder: Path, way: str) -> dict[str, Any]:
    began_s = time.perf_counter()
    engine = StableAudioEngine(folder, precision=way)
    engine.warm_up()
    measured: dict[str, Any] = {"start_s": time.perf_counter() - began_s, "loaded_mib": _mib("VmRSS")}
    longest_s = engine.max_duration_s
    asks = {
        "whole": (longest_s, False),
        "one_second": (SHORT_S, False),
        "short_window": (SHORT_S, True),
    }
    for name, (duration_s, short) in asks.items():
        runs = [_timed(engine, duration_s, seed, short=short) for seed in range(REPEATS + 1)]
        measured[name] = min(runs[1:], key=lambda run: run["total_s"])
    measured |= {"audio_s": longest_s, "version": engine.version}
    return measured | {"peak_mib": _mib("VmHWM"), "resident_mib": _mib("VmRSS")}


def _timed(engine: StableAudioEngine, duration_s: float, seed: int, *, short: bool) -> dict[str, float]:
    spent = {"text": 0.0, "sample": 0.0, "decode": 0.0}
    ask = Ask(prompt=PROMPT, duration_s=duration_s, seed=seed, neural=NeuralAsk(short_window=short))
    spec = engine.resolve(ask).spec
    began_s = time.perf_counter()
    first_s = 0.0
    for block in engine.render(spec, Watch(stage=spent.__setitem__)):
        first_s = first_s or time.perf_counter() - began_s
        assert np.isfinite(block).all()
    total_s = time.perf_counter() - began_s
    return {f"{stage}_s": seconds for stage, seconds in spent.items()} | {"first_s": first_s, "total_s": total_s}


def _mib(what: str) -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(what)]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
