"""The networks compute what the reference did, and the check of it cannot be fooled."""
# without the extra `neural` nothing below can be imported

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.model import StableAudio
from swash_model.stable_audio.verify import TOLERANCES, Check, verify, worst


@pytest.fixture(scope="module")
def checks(model: StableAudio, golden: Path) -> list[Check]:
    return list(verify(model, golden))


def with_vectors(folder: Path, changed: dict[str, Tensor]) -> Path:
    path = folder / "vectors.safetensors"
    vectors = {**load_file(path), **changed}
    path.unlink()
    save_file(vectors, path)
    return folder


def missed(model: StableAudio, folder: Path) -> dict[str, Check]:
    return {check.vector: check for check in verify(model, folder) if not check.passed}


@pytest.mark.parametrize("stage", sorted(TOLERANCES.keys() - {"unknown"}))
def test_a_stage_makes_what_the_reference_made(stage: str, checks: list[Check]) -> None:
    of_stage = [check for check in checks if check.stage == stage]
    assert of_stage
    assert not [check for check in of_stage if not check.passed]


def test_every_recorded_vector_is_checked_or_used(checks: list[Check]) -> None:
    assert "unknown" not in {check.stage for check in checks}


def test_the_worst_of_each_stage_is_told(checks: list[Check]) -> None:
    furthest = worst(checks)
    assert furthest.keys() == {check.stage for check in checks}
    assert all(check.error <= furthest[check.stage].error for check in checks)


def test_a_vector_that_no_stage_knows_is_a_failure(model: StableAudio, folder: Path) -> None:
    with_vectors(folder, {"dit.hidden.99": torch.zeros(2), "vocoder.out": torch.zeros(2)})
    assert missed(model, folder).keys() == {"dit.hidden.99", "vocoder.out"}


def test_a_changed_vector_is_a_failure(model: StableAudio, folder: Path, golden: Path) -> None:
    out = load_file(golden / "vectors.safetensors")["dit.out"]
    out[0, 0, 0] += 1e-3
    with_vectors(folder, {"dit.out": out})
    assert missed(model, folder).keys() == {"dit.out"}


@pytest.mark.parametrize("fill", [float("nan"), float("inf")])
def test_a_vector_without_numbers_is_a_failure(
    model: StableAudio, folder: Path, golden: Path, fill: float
) -> None:
    out = load_file(golden / "vectors.safetensors")["dit.out"]
    with_vectors(folder, {"dit.out": torch.full_like(out, fill)})
    assert missed(model, folder).keys() == {"dit.out"}


def test_a_vector_of_another_shape_says_so(model: StableAudio, folder: Path) -> None:
    with_vectors(folder, {"cond.global_cond": torch.zeros(1, 48), "ae.std": torch.zeros(3)})
    assert "shape" in missed(model, folder)["ae.std"].problem


def test_vectors_that_lack_one_are_refused(model: StableAudio, folder: Path) -> None:
    path = folder / "vectors.safetensors"
    vectors = load_file(path)
    del vectors["dit.out"]
    path.unlink()
    save_file(vectors, path)
    with pytest.raises(ModelFilesError, match=r"dit\.out"):
        list(verify(model, folder))


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_cases_that_do_not_say_what_was_asked_are_refused(model: StableAudio, folder: Path, text: str) -> None:
    (folder / "cases.json").unlink()
    (folder / "cases.json").write_text(text)
    with pytest.raises(ModelFilesError, match="cases"):
        list(verify(model, folder))
