"""The neural engine at full size: python -m benchmarks neural [FOLDER].

Without a folder it writes a random model of the released size (2 GB, half a minute). Every way runs in a process
of its own, the plain float32 rendering first and last: ratios are to the mean of the two.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import table

WAYS = ("auto", "fast", "exact")
TIMEOUT_S = 1800


def main() -> None:
    """Print seconds, ratios and MiB."""
    with model_folder() as folder:
        before = _measured(folder, "eager")
        ways = {way: _measured(folder, way) for way in WAYS}
        after = _measured(folder, "eager")
    eager_s = (before["whole"]["total_s"] + after["whole"]["total_s"]) / 2
    rows = [_row("plain float32, eager", before, eager_s), _row("the same, last", after, eager_s)]
    rows += [_row(f"{way}: {each['version']}", each, eager_s) for way, each in ways.items()]
    audio_s = before["audio_s"]
    table(
        f"Neural: {audio_s:.1f} s of audio, full-size random weights",
        ("way", "total", "times eager", "sample", "decode", "decode against playback", "first audio"),
        rows,
    )
    rows = [
        (
            way,
            *(
                f"{each[kind]['total_s']:.2f} s ({each[kind]['total_s'] / each['whole']['total_s']:.0%})"
                for kind in ("one_second", "short_window")
            ),
            f"{each['whole']['first_s'] - each['whole']['sample_s'] - each['whole']['text_s']:.2f} s",
            f"{each['start_s']:.0f} s",
            f"{each['loaded_mib']:.0f} / {each['resident_mib']:.0f} / {each['peak_mib']:.0f} MiB",
        )
        for way, each in ways.items()
    ]
    table(
        "Neural: one second, start and memory",
        (
            "way",
            "1 s of the whole window",
            "1 s of a short window",
            "first audio after the last step",
            "warm-up",
            "resident loaded / sounding / peak with pages of the file",
        ),
        rows,
    )


@contextmanager
def model_folder() -> Iterator[Path]:
    """Give the folder named on the command line, or a random model of the released size."""
    from swash_model.stable_audio import random_model  # noqa: PLC0415 - torch takes seconds to import

    named = [Path(each) for each in sys.argv[1:] if Path(each).is_dir()]
    if named:
        yield named[0]
        return
    with tempfile.TemporaryDirectory() as folder:
        random_model.write(Path(folder) / "model")
        yield Path(folder) / "model"


def _measured(folder: Path, way: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.neural_one", str(folder), way]
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}  # as `swash serve` sets it
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=True
    )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _row(name: str, each: dict[str, Any], eager_s: float) -> tuple[str, ...]:
    whole = each["whole"]
    return (
        name,
        f"{whole['total_s']:.1f} s",
        f"{eager_s / whole['total_s']:.2f}",
        f"{whole['sample_s']:.1f} s",
        f"{whole['decode_s']:.1f} s",
        f"{each['audio_s'] / whole['decode_s']:.1f}",
        f"{whole['first_s']:.1f} s",
    )
