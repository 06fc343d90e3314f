"""Weights come from whole, known files, every tensor accounted for; anything else is refused in words."""

import json
import shutil
import sys
import zipfile
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


def written(path: Path, data: bytes) -> None:
    path.unlink()  # a link to the file that all tests share
    path.write_bytes(data)


@pytest.mark.parametrize("length", [2**24 + 1, 2**40, 2**63, 2**64 - 1])
def test_a_header_that_claims_to_be_huge_is_not_read(folder: Path, golden: Path, length: int) -> None:
    whole = (golden / "model.safetensors").read_bytes()
    written(folder / "model.safetensors", length.to_bytes(8, "little") + whole[8:])
    with pytest.raises(ModelFilesError, match=f"a header of {length} bytes"):
        load(folder)


def with_header(folder: Path, header: dict[str, object] | bytes, data: bytes = b"") -> Path:
    """Give a file of weights a header of a test's own."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    written(folder / "model.safetensors", len(text).to_bytes(8, "little") + text + data)
    return folder


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [2**63, 2**63 + 4]},
        {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1] * 10_000, "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [0] * 70, "data_offsets": [0, 0]},
        {},
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_tensor_of_an_absurd_shape_is_refused(folder: Path, tensor: dict[str, object]) -> None:
    with pytest.raises(ModelFilesError, match=r"model\.safetensors"):
        load(with_header(folder, {ANY: tensor}, b"\0" * 4))


@pytest.mark.parametrize("header", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000])
def test_a_header_that_is_no_table_is_refused(folder: Path, header: bytes) -> None:
    with pytest.raises(ModelFilesError, match="damaged or not whole"):
        load(with_header(folder, header))


def test_a_pickle_that_calls_itself_safetensors_is_never_unpickled(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(Harmful(), folder / "harm")
    written(folder / "model.safetensors", (folder / "harm").read_bytes())
    with pytest.raises(ModelFilesError, match="damaged or not whole"):
        load(folder)
    assert "this code" not in capsys.readouterr().out


def test_a_checkpoint_that_would_grow_as_it_is_read_is_refused(folder: Path) -> None:
    path = as_checkpoint(folder) / "model.ckpt"
    shutil.move(path, folder / "plain")
    with zipfile.ZipFile(folder / "plain") as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for part in plain.infolist():
            bomb.writestr(part.filename, plain.read(part))
    with pytest.raises(ModelFilesError, match="no checkpoint that torch has written"):
        load(folder)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x05\x06", b"\x80\x02cposix\nsystem\n(S'true'\ntR.", b"PK\x03\x04" * 99]
)
def test_a_checkpoint_that_is_no_archive_is_refused(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.ckpt").write_bytes(data)
    with pytest.raises(ModelFilesError, match=r"model\.ckpt: damaged"):
        load(folder)


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("model", "diffusion", "config", "depth"), 10**9, "at most 16777216"),
        (("model", "diffusion", "config", "depth"), 10**6, "depth: at most 256, got 1000000"),
        (("model", "diffusion", "config", "embed_dim"), 2**20, "channels: at most 65536"),
        (("model", "pretransform", "config", "decoder", "config", "channels"), 2**20, "at most 65536"),
        (("sample_rate",), 10**30, "at most 16777216"),
    ],
)
def test_a_model_of_absurd_size_is_never_built(
    folder: Path, where: tuple[str, ...], value: int, said: str
) -> None:
    path = folder / "model_config.json"
    config = json.loads(path.read_text())
    at = config
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    written(path, json.dumps(config).encode())
    with pytest.raises(ModelFilesError, match=said):
        load(folder)


@pytest.mark.parametrize("file", ["model_config.json", "t5/config.json"])
@pytest.mark.parametrize("data", [b" " * (2**20 + 1), b"[" * 100_000], ids=["long", "deep"])
def test_a_description_that_is_too_long_or_too_deep_is_refused(folder: Path, file: str, data: bytes) -> None:
    written(folder / file, data)
    with pytest.raises(ModelFilesError, match=r"config\.json"):
        load(folder)
