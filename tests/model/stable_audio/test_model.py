"""One prompt, length and seed is one sound, whoever else is served and whatever else is going on."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import save_file
from torch import Tensor

from swash_model.errors import InvalidAskError
from swash_model.stable_audio.config import parse_config
from swash_model.stable_audio.model import Options, Sound, StableAudio, Start, load
from swash_model.stable_audio.shapes import networks_of

RAIN, STEPS, WIND = Sound("light rain", 2.0, 7), Sound("Heavy footsteps", 1.0, 8), Sound("", 11.0, 2**32 - 1)
SHORT = Options(steps=3, latent_frames=5)
ROUNDING = 1e-4  # between batches of different sizes; two sounds differ by 0.1 or more


def same(one: Tensor, other: Tensor, atol: float = 0.0) -> None:
    torch.testing.assert_close(one, other, atol=atol, rtol=0.0)


def differ(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() > 10 * ROUNDING)


def tone(channels: int, frames: int, hz: float = 440.0) -> Tensor:
    return (0.5 * torch.sin(2 * torch.pi * hz / 44_100 * torch.arange(frames))).expand(channels, -1)


def test_a_sound_is_the_same_alone_and_among_others(model: StableAudio) -> None:
    together = model.generate([STEPS, RAIN, WIND], SHORT)
    for number, sound in enumerate([STEPS, RAIN, WIND]):
        same(together[number : number + 1], model.generate([sound], SHORT), ROUNDING)


def test_a_sound_with_guidance_and_init_audio_is_the_same_among_others(model: StableAudio) -> None:
    options = replace(SHORT, guidance=3.0, negative_prompt="wind", start=Start(tone(2, 9000), 0.8))
    together = model.generate([STEPS, RAIN], options)
    same(together[1:], model.generate([RAIN], options), ROUNDING)


@pytest.mark.parametrize("other", [{"seed": 9}, {"seconds": 9.0}, {"prompt": "hail"}])
def test_another_seed_length_or_prompt_is_another_sound(model: StableAudio, other: dict[str, Any]) -> None:
    assert differ(model.generate([replace(RAIN, **other)], SHORT), model.generate([RAIN], SHORT))


def test_the_worlds_random_numbers_are_neither_used_nor_moved(model: StableAudio) -> None:
    torch.manual_seed(1)
    first, state = model.generate([RAIN], SHORT), torch.get_rng_state()
    torch.manual_seed(1)
    same(torch.get_rng_state(), state)
    torch.manual_seed(2)
    same(model.generate([RAIN], SHORT), first)


def test_threads_do_not_disturb_each_other(model: StableAudio) -> None:
    expected = [model.generate([sound], SHORT) for sound in (RAIN, STEPS)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda sound: model.generate([sound], SHORT), [RAIN, STEPS] * 4))
    for number, audio in enumerate(made):
        same(audio, expected[number % 2], ROUNDING)


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_every_step_gives_latents(model: StableAudio, steps: int) -> None:
    made = list(model.sample([RAIN], Options(steps=steps, latent_frames=3)))
    assert len(made) == steps
    assert {tuple(latents.shape) for latents in made} == {(1, 8, 3)}
    assert all(latents.isfinite().all() for latents in made)


@pytest.mark.parametrize("steps", [-1, 0, 51])
def test_too_few_or_too_many_steps_say_the_range(model: StableAudio, steps: int) -> None:
    with pytest.raises(InvalidAskError, match="steps: 1 to 50"):
        model.generate([RAIN], Options(steps=steps))


@pytest.mark.parametrize("noise_level", [0.0, 0.119, 1.01, float("nan")])
def test_a_noise_level_out_of_range_says_the_range(model: StableAudio, noise_level: float) -> None:
    with pytest.raises(InvalidAskError, match=r"noise_level: 0\.12 to 1"):
        model.generate([RAIN], replace(SHORT, start=Start(tone(2, 100), noise_level)))


def test_sampling_can_be_left_after_any_step(model: StableAudio) -> None:
    running = model.sample([RAIN], SHORT)
    (first,) = itertools.islice(running, 1)
    running.close()  # type: ignore[attr-defined]  # it is a generator
    same(first, next(model.sample([RAIN], SHORT)))


def test_without_a_length_the_trained_one_is_made(model: StableAudio) -> None:
    assert model.generate([RAIN], Options(steps=1)).shape == (1, 2, 26_624)


def test_guidance_of_one_changes_nothing_and_needs_no_negative_prompt(model: StableAudio) -> None:
    plain = model.generate([RAIN], SHORT)
    same(model.generate([RAIN], replace(SHORT, guidance=1.0, negative_prompt="wind")), plain)


def test_guidance_and_the_negative_prompt_are_heard(model: StableAudio) -> None:
    plain = model.generate([RAIN], SHORT)
    guided = model.generate([RAIN], replace(SHORT, guidance=3.0))
    against = model.generate([RAIN], replace(SHORT, guidance=3.0, negative_prompt="wind howling"))
    assert differ(plain, guided)
    assert differ(guided, against)


def test_guidance_away_from_the_prompt_itself_is_the_prompt(model: StableAudio) -> None:
    options = replace(SHORT, guidance=3.0, negative_prompt=RAIN.prompt)
    same(model.generate([RAIN], options), model.generate([RAIN], SHORT), ROUNDING)


def test_less_noise_leaves_more_of_the_init_audio(model: StableAudio) -> None:
    audio = tone(2, 5 * 2048)
    changed = []
    for noise_level in (0.15, 0.9):
        options = replace(SHORT, start=Start(audio, noise_level))
        one, other = (model.generate([replace(RAIN, seed=seed)], options) for seed in (1, 2))
        changed.append((one - other).square().mean())
    assert changed[0] < changed[1]


def test_noise_at_the_full_level_drowns_the_init_audio(model: StableAudio) -> None:
    low, high = (replace(SHORT, start=Start(tone(2, 9000, hz), 1.0)) for hz in (100.0, 4000.0))
    same(model.generate([RAIN], low), model.generate([RAIN], high))


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("frames", [1, 9_000, 50_000])
def test_init_audio_of_any_length_and_channels_is_fitted(model: StableAudio, channels: int, frames: int) -> None:
    fitted = model.fit(tone(channels, frames), 5)
    assert fitted.shape == (1, 2, 5 * 2048)
    same(fitted[0, 0], fitted[0, 1])
    same(fitted[0, 0, : min(frames, 10_240)], tone(1, frames)[0, :10_240])
    assert not fitted[..., frames:].any()


def other_shape(golden: Path) -> dict[str, Any]:
    """Return a config that shares no size with the others, odd strides among them, but the width of T5."""
    content: dict[str, Any] = json.loads((golden / "model_config.json").read_text())
    content |= {"sample_rate": 32_000, "sample_size": 30 * 11}
    model = content["model"]
    model["io_channels"] = 6
    model["diffusion"]["config"] |= {"io_channels": 6, "embed_dim": 96, "depth": 3, "num_heads": 3}
    model["conditioning"]["configs"][0]["config"]["max_length"] = 9
    model["conditioning"]["configs"][1]["config"] = {"min_val": 2, "max_val": 30}
    autoencoder = model["pretransform"]["config"]
    autoencoder |= {"latent_dim": 6, "downsampling_ratio": 30}
    shape = {"channels": 4, "c_mults": [2, 3, 5], "strides": [2, 3, 5]}
    autoencoder["encoder"]["config"] |= shape | {"latent_dim": 12}
    autoencoder["decoder"]["config"] |= shape | {"latent_dim": 6}
    return content


def random_weights(content: dict[str, Any]) -> dict[str, Tensor]:
    config, rng = parse_config(content), torch.Generator().manual_seed(6)
    tensors = {}
    for prefix, network in networks_of(config).items():
        for name, tensor in network.state_dict().items():
            random = 0.2 * torch.randn(tensor.shape, generator=rng)
            if prefix.startswith("pretransform") and name.endswith("weight"):
                tensors[f"{prefix}{name}_g"] = torch.rand(len(tensor), 1, 1, generator=rng)
                tensors[f"{prefix}{name}_v"] = random
            else:
                tensors[prefix + name] = random
    return tensors


def test_a_model_of_any_other_shape_runs(golden: Path, folder: Path) -> None:
    content = other_shape(golden)
    for name in ("model_config.json", "model.safetensors"):
        (folder / name).unlink()
    (folder / "model_config.json").write_text(json.dumps(content))
    save_file(random_weights(content), folder / "model.safetensors")
    model = load(folder)
    *_, latents = model.sample([RAIN, WIND], Options(start=Start(tone(2, 99), 0.5)))
    assert latents.shape == (2, 6, 11)
    audio = model.decode(latents)
    assert audio.shape[:2] == (2, 2)
    assert audio.isfinite().all()
