"""A random model is whole, of the layout that is released, and as well-behaved as a trained one."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from torch import Tensor

from swash_model.stable_audio import random_model
from swash_model.stable_audio.config import parse_config
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.model import Options, Sound, StableAudio, load
from swash_model.stable_audio.released import RELEASED
from swash_model.stable_audio.shapes import networks_of
from swash_model.stable_audio.weights import read_tensors, stored
from tests.model.stable_audio.tiny import tiny_config, tiny_t5

RAIN = Sound("light rain", 2.0, 7)


def written(folder: Path, seed: int = 0) -> Path:
    random_model.write(folder, seed, tiny_config(), tiny_t5())
    return folder


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("random") / "model")


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> StableAudio:
    return load(tiny_folder)


def rms(signal: Tensor) -> float:
    return signal.square().mean().sqrt().item()


def test_the_released_config_is_the_published_one(golden: Path) -> None:
    published = json.loads((golden / "published_model_config.json").read_text())
    assert parse_config(RELEASED) == parse_config(published)


def test_the_tensors_of_the_released_config_are_the_published_ones(golden: Path) -> None:
    published = json.loads((golden / "published_tensors.json").read_text())
    asked = {
        name: list(shape)
        for prefix, network in networks_of(parse_config(RELEASED)).items()
        for name, shape in stored(prefix, network).items()
    }
    assert len(asked) == 750
    assert asked == published


def test_the_autoencoder_is_stored_in_half_precision_and_the_rest_in_single(tiny_folder: Path) -> None:
    for name, tensor in read_tensors(tiny_folder / "model.safetensors").items():
        expected = torch.float16 if name.startswith("pretransform.") else torch.float32
        assert tensor.dtype == expected, name


def test_its_size_on_the_disk_is_known_before(tiny_folder: Path) -> None:
    on_disk = sum(path.stat().st_size for path in tiny_folder.rglob("model.safetensors"))
    announced = random_model.size_bytes(tiny_config(), tiny_t5())
    assert announced <= on_disk < announced + 100_000  # the names of the tensors


def test_progress_adds_up_to_the_size(tmp_path: Path) -> None:
    made: list[int] = []
    random_model.write(tmp_path, 0, tiny_config(), tiny_t5(), made.append)
    assert sum(made) == random_model.size_bytes(tiny_config(), tiny_t5())


def test_nothing_half_written_stays(tiny_folder: Path) -> None:
    names = {str(path.relative_to(tiny_folder)) for path in tiny_folder.rglob("*") if path.is_file()}
    assert names == {
        "model_config.json", "model.safetensors", "t5/config.json", "t5/model.safetensors", "t5/tokenizer.json",
    }  # fmt: skip


def test_one_seed_is_one_model_and_another_is_another(tiny_folder: Path, tmp_path: Path) -> None:
    name = "model.safetensors"
    again, other = written(tmp_path / "again"), written(tmp_path / "other", 1)
    assert (again / name).read_bytes() == (tiny_folder / name).read_bytes()
    assert (other / name).read_bytes() != (tiny_folder / name).read_bytes()


def test_unit_latents_are_decoded_to_a_level_of_sound(tiny: StableAudio) -> None:
    latents = torch.randn(1, 6, 200, generator=torch.Generator().manual_seed(1))
    assert 0.05 < rms(tiny.decode(latents)) < 0.3


def test_sound_is_encoded_to_unit_latents(tiny: StableAudio) -> None:
    audio = 0.15 * torch.randn(1, 2, 48 * 200, generator=torch.Generator().manual_seed(1))
    origin = tiny.encode(audio)
    assert 0.3 < rms(origin.mean) < 3.0
    assert 0.1 < rms(origin.deviation) < 3.0


def test_what_t5_and_the_transformer_say_is_of_unit_size(tiny: StableAudio) -> None:
    condition = tiny.conditioner([RAIN.prompt], [RAIN.seconds])
    assert 0.3 < rms(condition.overall) < 3.0
    assert 0.3 < rms(condition.rows[:, :3]) < 3.0
    latents = torch.randn(1, 6, 20, generator=torch.Generator().manual_seed(1))
    for sigma in (1.0, 0.5, 0.27):
        velocity = tiny.dit(latents, torch.tensor([sigma]), condition.rows, condition.overall)
        assert 0.3 < rms(velocity) < 3.0


def test_it_renders_finite_sound_that_follows_seed_and_prompt(tiny: StableAudio) -> None:
    made = [
        tiny.generate([sound], Options())
        for sound in (RAIN, RAIN, Sound("light rain", 2.0, 8), Sound("heavy rain", 2.0, 7))
    ]
    assert all(audio.isfinite().all() and 0.02 < rms(audio) < 1.0 for audio in made)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert not torch.equal(made[0], made[3])


@pytest.mark.parametrize(
    "prompt", ["", " ", "light rain", "Überall 雨 🎉", "\0\ud7ff\n\t", "<pad></s><unk>", "x" * 5000]
)
def test_any_text_has_tokens_that_end_and_are_known(tiny: StableAudio, prompt: str) -> None:
    ids, mask = tiny.conditioner.tokens([prompt])
    length = int(mask.sum())
    assert ids.shape == (1, 11)
    assert ids[0, length - 1] == 1
    assert not ids[0, length:].any()
    assert 0 <= int(ids.min()) <= int(ids.max()) < 300


def test_two_texts_are_told_apart(tiny: StableAudio) -> None:
    one, other = (tiny.conditioner.tokens([prompt]).ids for prompt in ("aé", "aè"))
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    "t5, problem",
    [
        ({"d_model": 32}, "T5 gives 32 channels, the model takes 24"),
        ({"vocab_size": 200}, "vocab_size: 259 or more"),
    ],
)
def test_configs_that_do_not_fit_are_refused_before_anything_is_written(
    tmp_path: Path, t5: dict[str, int], problem: str
) -> None:
    with pytest.raises(ModelFilesError, match=problem):
        random_model.write(tmp_path / "model", 0, tiny_config(), {**tiny_t5(), **t5})
    assert not (tmp_path / "model").exists()
