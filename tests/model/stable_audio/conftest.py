"""A small model with random weights and the published structure, and what the reference made with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from swash_model.stable_audio.model import StableAudio

GOLDEN = Path(__file__).parent.parent.parent / "data" / "stable_audio_open_small"


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # two that wait for each other on a busy machine take fifty times as long
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


@pytest.fixture(scope="package")
def model(golden: Path) -> "StableAudio":
    from swash_model.stable_audio.model import load

    return load(golden)


@pytest.fixture
def folder(golden: Path, tmp_path: Path) -> Path:
    """Give a folder of the model that a test may damage: every file can be replaced or removed."""
    for path in golden.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(golden)
            copy.parent.mkdir(exist_ok=True)
            copy.symlink_to(path)
    return tmp_path
