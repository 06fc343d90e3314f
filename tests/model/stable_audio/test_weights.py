"""Weights come from whole, known files, every tensor accounted for; anything else is refused in words."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from swash_model.stable_audio.config import parse_config
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.model import Options, Sound, StableAudio, load
from swash_model.stable_audio.shapes import networks_of
from swash_model.stable_audio.weights import fold_weight_norm

Tensors = dict[str, Tensor]
ANY = "model.model.to_timestep_embed.0.bias"
SHORT = Options(steps=2, latent_frames=4)


def rewrite(path: Path, tensors: Tensors) -> None:
    path.unlink()
    save_file(tensors, path)


def change(folder: Path, make: Callable[[Tensors], object], file: str = "model.safetensors") -> Path:
    tensors = load_file(folder / file)
    make(tensors)
    rewrite(folder / file, tensors)
    return folder


def sound_of(model: StableAudio) -> Tensor:
    return model.generate([Sound("rain", 2.0, 3)], SHORT)


def test_the_published_tensors_are_the_ones_that_are_asked_for(golden: Path) -> None:
    config = parse_config(json.loads((golden / "published_model_config.json").read_text()))
    published = json.loads((golden / "published_tensors.json").read_text())
    stored = {name.removesuffix("_v"): shape for name, shape in published.items() if not name.endswith("weight_g")}
    asked = {
        prefix + name: list(tensor.shape)
        for prefix, network in networks_of(config).items()
        for name, tensor in network.state_dict().items()
    }
    assert asked == stored


def test_a_missing_tensor_is_named(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=f"1 missing: {ANY}"):
        load(change(folder, lambda tensors: tensors.pop(ANY)))


def test_an_unknown_tensor_is_named(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"1 unknown: lora\.up"):
        load(change(folder, lambda tensors: tensors.update({"lora.up": torch.zeros(2)})))


def test_a_misshapen_tensor_is_named_with_both_shapes(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=rf"{ANY} \[5\] instead of \[128\]"):
        load(change(folder, lambda tensors: tensors.update({ANY: torch.zeros(5)})))


def test_many_wrong_tensors_make_a_short_message(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"and [0-9]+ more") as refused:
        load(change(folder, lambda tensors: [tensors.pop(name) for name in list(tensors)[10:]]))
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", [ANY, "pretransform.model.decoder.layers.0.weight_v"])
def test_weights_that_are_no_numbers_are_refused(folder: Path, name: str, bad: float) -> None:
    with pytest.raises(ModelFilesError, match=f"{name} holds NaN or infinity"):
        load(change(folder, lambda tensors: tensors[name].view(-1)[1:2].fill_(bad)))


def test_a_direction_of_no_length_is_refused(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"decoder\.layers\.0\.weight holds NaN"):
        load(change(folder, lambda tensors: tensors["pretransform.model.decoder.layers.0.weight_v"].zero_()))


def test_weights_that_are_whole_numbers_are_refused(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match=f"of another type: {ANY} torch.int8"):
        load(change(folder, lambda tensors: tensors.update({ANY: tensors[ANY].to(torch.int8)})))


@pytest.mark.parametrize("kept", [0, 4, 1000, 100_000, 4_379_787])
def test_a_truncated_file_is_refused(folder: Path, golden: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.unlink()
    path.write_bytes((golden / "model.safetensors").read_bytes()[:kept])
    with pytest.raises(ModelFilesError, match="damaged or not whole"):
        load(folder)


def test_a_pointer_left_by_git_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.unlink()
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1360000000\n")
    with pytest.raises(ModelFilesError, match="fetch it again"):
        load(folder)


def as_checkpoint(folder: Path) -> Path:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save({"state_dict": tensors}, folder / "model.ckpt")
    return folder


def test_a_checkpoint_gives_the_same_sound(model: StableAudio, folder: Path) -> None:
    # Not to the bit: where a weight lies in memory decides the order in which its rows are summed.
    torch.testing.assert_close(sound_of(load(as_checkpoint(folder))), sound_of(model), atol=1e-4, rtol=0.0)


class Harmful:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("this code came with the weights",)


@pytest.mark.parametrize("content", [[], {ANY: torch.zeros(128)}, {"state_dict": {"a": 1}}, Harmful()])
def test_a_checkpoint_of_anything_else_is_refused_and_never_run(
    folder: Path, content: object, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "model.ckpt")
    with pytest.raises(ModelFilesError, match=r"model\.ckpt"):
        load(folder)
    assert "this code" not in capsys.readouterr().out


def test_a_truncated_checkpoint_is_refused(folder: Path) -> None:
    path = as_checkpoint(folder) / "model.ckpt"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelFilesError, match="damaged"):
        load(folder)


@pytest.mark.parametrize("dtype, off", [(torch.float16, 0.02), (torch.bfloat16, 0.2)])
def test_weights_of_half_the_size_give_nearly_the_same_sound(
    model: StableAudio, folder: Path, dtype: torch.dtype, off: float
) -> None:
    loaded = load(change(folder, lambda tensors: tensors.update({k: t.to(dtype) for k, t in tensors.items()})))
    assert {each.dtype for each in loaded.dit.state_dict().values()} == {torch.float32}
    difference = sound_of(loaded) - sound_of(model)
    assert 0.0 < difference.square().mean().sqrt() < off


def test_every_network_computes_in_single_precision_and_keeps_no_gradients(model: StableAudio) -> None:
    for network in (model.dit, model.encoder, model.decoder, model.conditioner.seconds, model.conditioner.t5):
        assert not network.training
        for tensor in network.state_dict().values():
            assert tensor.dtype == torch.float32
        assert not any(each.requires_grad for each in network.parameters())


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what is mapped")
def test_single_precision_weights_stay_in_the_file(golden: Path) -> None:
    model = load(golden)
    spans = [
        [int(end, 16) for end in line.split()[0].split("-")]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith("stable_audio_open_small/model.safetensors")
    ]
    for tensor in model.dit.parameters():
        assert any(start <= tensor.data_ptr() < end for start, end in spans)


def test_a_folded_weight_has_the_length_that_was_stored() -> None:
    rng = torch.Generator().manual_seed(4)
    length, direction = torch.rand(6, 1, 1, generator=rng), torch.randn(6, 5, 3, generator=rng)
    folded = fold_weight_norm(length, direction)
    torch.testing.assert_close(folded.flatten(1).norm(dim=1), length.flatten())


def test_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match="no such folder"):
        load(tmp_path / "absent")


def test_an_empty_folder_says_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"model_config\.json: cannot be read"):
        load(tmp_path)


def test_a_folder_without_weights_names_the_files(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelFilesError, match=r"neither model\.safetensors nor model\.ckpt"):
        load(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_of_t5_that_lacks_a_file_names_it(folder: Path, file: str) -> None:
    (folder / "t5" / file).unlink()
    with pytest.raises(ModelFilesError, match=file.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize("text", ["{}", "[]", "", '{"model_type": "bert"}'])
def test_a_folder_of_another_model_than_t5_is_refused(folder: Path, text: str) -> None:
    path = folder / "t5" / "config.json"
    path.unlink()
    path.write_text(text)
    with pytest.raises(ModelFilesError, match="T5"):
        load(folder)


def test_a_damaged_tokenizer_is_refused(folder: Path) -> None:
    path = folder / "t5" / "tokenizer.json"
    path.unlink()
    path.write_text("{}")
    with pytest.raises(ModelFilesError, match="not a tokenizer"):
        load(folder)


def test_a_t5_of_another_width_is_refused(folder: Path) -> None:
    path = folder / "t5" / "config.json"
    content = json.loads(path.read_text()) | {"d_model": 64}
    path.unlink()
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFilesError, match="gives 64 channels, the model takes 48"):
        load(folder)


def test_a_whole_t5_serves_as_well_as_its_encoder(model: StableAudio, folder: Path) -> None:
    extra = {"decoder.block.0.layer.0.SelfAttention.q.weight": torch.zeros(2), "lm_head.weight": torch.zeros(2)}
    change(folder, lambda tensors: tensors.update(extra), "t5/model.safetensors")
    torch.testing.assert_close(sound_of(load(folder)), sound_of(model), atol=0.0, rtol=0.0)


def test_a_t5_that_lies_elsewhere_is_found(model: StableAudio, folder: Path, tmp_path: Path) -> None:
    (folder / "t5").rename(tmp_path / "t5-base")
    loaded = load(folder, tmp_path / "t5-base")
    torch.testing.assert_close(sound_of(loaded), sound_of(model), atol=0.0, rtol=0.0)
