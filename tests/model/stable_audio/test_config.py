"""A config gives every size, and whatever these networks do not do is refused by name."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from swash_model.stable_audio.config import parse_config, read_config
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.shapes import networks_of

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def published(golden: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((golden / "published_model_config.json").read_text())
    return content


def test_the_published_sizes_are_read(published: dict[str, Any]) -> None:
    config = parse_config(published)
    assert (config.sample_rate, config.latent_frames, config.ratio) == (44_100, 256, 2048)
    assert (config.conditioner.prompt_tokens, config.conditioner.max_seconds) == (64, 256.0)
    assert (config.dit.head_channels, config.dit.rotary_channels, config.dit.depth) == (128, 64, 16)
    assert config.decoder.channels == (128, 128, 256, 512, 1024, 2048)


def test_the_published_model_has_its_published_parameters(published: dict[str, Any]) -> None:
    trained, lengths = {}, {}
    for prefix, network in networks_of(parse_config(published)).items():
        trained[prefix] = sum(each.numel() for each in network.parameters())
        lengths[prefix] = sum(len(each) for each in network.parameters() if each.ndim == 3)  # folded away
    encoder, decoder = "pretransform.model.encoder.", "pretransform.model.decoder."
    assert trained["model.model."] == 340_879_488
    assert trained["conditioner.conditioners.seconds_total.embedder."] == 198_272
    assert trained[encoder] + lengths[encoder] == 77_989_888
    assert trained[decoder] + lengths[decoder] == 78_122_626


BAD: dict[str, Change] = {
    "model_type": lambda c: c.update(model_type="diffusion_cond_inpaint"),
    "sample_rate": lambda c: c.update(sample_rate="44100"),
    "sample_size": lambda c: c.update(sample_size=0),
    "quantised": lambda c: c.update(quantised=True),
    "io_channels: only 1": lambda c: c.update(audio_channels=1),
    "model": lambda c: c.pop("model"),
    "model.io_channels": lambda c: c["model"].update(io_channels=32),
    "diffusion.type": lambda c: c["model"]["diffusion"].update(type="unet"),
    "diffusion_objective": lambda c: c["model"]["diffusion"].update(diffusion_objective="rectified_flow"),
    "prepend_cond_ids": lambda c: c["model"]["diffusion"].update(prepend_cond_ids=["prompt"]),
    "input_concat_ids": lambda c: c["model"]["diffusion"].update(input_concat_ids=["inpaint"]),
    "global_cond_ids": lambda c: c["model"]["diffusion"].update(global_cond_ids=["prompt"]),
    "global_cond_type": lambda c: c["model"]["diffusion"]["config"].update(global_cond_type="adaLN"),
    "patch_size": lambda c: c["model"]["diffusion"]["config"].update(patch_size=2),
    "num_memory_tokens": lambda c: c["model"]["diffusion"]["config"].update(num_memory_tokens=64),
    "qk_norm": lambda c: c["model"]["diffusion"]["config"].update(attn_kwargs={}),
    "heads": lambda c: c["model"]["diffusion"]["config"].update(num_heads=7),
    "heads of 32": lambda c: c["model"]["diffusion"]["config"].update(num_heads=64),
    "depth": lambda c: c["model"]["diffusion"]["config"].update(depth=True),
    "cond_dim|conditioning gives": lambda c: c["model"]["conditioning"].update(cond_dim=512),
    "configs": lambda c: c["model"]["conditioning"]["configs"].pop(),
    r"configs\[0\].type": lambda c: c["model"]["conditioning"]["configs"][0].update(type="clap_text"),
    "project_out": lambda c: c["model"]["conditioning"]["configs"][0]["config"].update(project_out=True),
    "max_val": lambda c: c["model"]["conditioning"]["configs"][1]["config"].update(max_val=-1),
    "min_val": lambda c: c["model"]["conditioning"]["configs"][1]["config"].update(min_val=float("nan")),
    "scale": lambda c: c["model"]["pretransform"].update(scale=0.5),
    "bottleneck": lambda c: c["model"]["pretransform"]["config"].update(bottleneck={"type": "rvq"}),
    "downsampling_ratio": lambda c: c["model"]["pretransform"]["config"].update(downsampling_ratio=1024),
    "latent_dim": lambda c: c["model"]["pretransform"]["config"].update(latent_dim=128),
    "final_tanh": lambda c: c["model"]["pretransform"]["config"]["decoder"]["config"].pop("final_tanh"),
    "use_snake": lambda c: c["model"]["pretransform"]["config"]["encoder"]["config"].pop("use_snake"),
    "c_mults": lambda c: c["model"]["pretransform"]["config"]["encoder"]["config"].update(c_mults=[1, 2]),
    "strides": lambda c: c["model"]["pretransform"]["config"]["encoder"]["config"].update(strides=[]),
}


@pytest.mark.parametrize("named", BAD)
def test_what_is_not_done_here_is_refused_by_name(named: str, published: dict[str, Any]) -> None:
    content = copy.deepcopy(published)
    BAD[named](content)
    with pytest.raises(ModelFilesError, match=named):
        parse_config(content)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"text"'])
def test_a_file_that_is_no_config_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "model_config.json"
    path.write_text(text)
    with pytest.raises(ModelFilesError, match="model_config"):
        read_config(path)
