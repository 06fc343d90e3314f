"""Whether a model computes what the reference did: every stage against recorded vectors.

The vectors lie beside the weights: vectors.safetensors, and cases.json, which says what was asked.
"""

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from swash_model.stable_audio.conditioner import Condition, Tokens
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.model import Model, Options, Sound, StableAudio, Start
from swash_model.stable_audio.oobleck import posterior
from swash_model.stable_audio.sampler import mix, ping_pong, schedule
from swash_model.stable_audio.weights import read_tensors

TOLERANCES = {
    # Between two float32 implementations 8e-5 was the most that was seen; a mistake makes 0.3 or more.
    "tokens": 0.0,
    "t5": 1e-5,
    "conditioning": 1e-5,
    "dit": 5e-5,
    "schedule": 1e-6,
    "noise": 1e-5,  # the stream is the same; the logarithm in it may differ in its last bits
    "latents": 2e-4,
    "encoder": 1e-4,
    "audio": 1e-3,
    "whole": 1e-3,
    "int16": 33.0,  # 1e-3 of the full scale
    "unknown": 0.0,
}


@dataclass(frozen=True, slots=True)
class Check:
    """How far one vector was missed: `error` is the largest absolute difference, infinite if there is none."""

    stage: str
    vector: str
    error: float
    problem: str = ""
    running: bool = False  # made by the networks as they run, not as they are written down

    @property
    def tolerance(self) -> float:
        """Return the largest error that is only rounding."""
        return TOLERANCES[self.stage]

    @property
    def passed(self) -> bool:
        """Return whether the stage computes what the reference did."""
        return self.error <= self.tolerance


class Made(NamedTuple):
    """What this model made in place of a vector."""

    stage: str
    vector: str
    tensor: Tensor


class Vectors(Mapping[str, Tensor]):
    """The recorded tensors, and which of them were asked for."""

    def __init__(self, path: Path) -> None:
        self._tensors = read_tensors(path)
        self.left = set(self._tensors)

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._tensors[name]
        self.left.discard(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def verify(model: StableAudio, folder: Path) -> Iterator[Check]:
    """Yield a check for each vector in a folder, stage by stage; a vector that no stage knows has failed.

    Raise ModelFilesError if the vectors are not whole.
    """
    vectors = Vectors(folder / "vectors.safetensors")
    yield from _checked(vectors, folder, partial(_everything, model, vectors))
    for name in sorted(vectors.left):
        yield Check("unknown", name, math.inf, "no stage knows how to make this vector")


def verify_running(model: Model, folder: Path) -> Iterator[Check]:
    """Yield a check for each vector that a model makes as it runs, packed and in windows; in float32."""
    vectors = Vectors(folder / "vectors.safetensors")
    for check in _checked(vectors, folder, partial(_sounds, model, vectors)):
        yield replace(check, running=True)


def _checked(vectors: Vectors, folder: Path, make: Callable[[dict[str, Any]], Iterator[Made]]) -> Iterator[Check]:
    cases = _read_cases(folder / "cases.json")
    try:
        for made in make(cases):
            yield _compare(made, vectors[made.vector])
    except KeyError as error:
        raise ModelFilesError(f"{folder}: vectors.safetensors or cases.json lacks {error}") from error


def worst(checks: Iterable[Check]) -> dict[str, Check]:
    """Return the check that is furthest off in each stage; "running" before it says which networks."""
    by_stage: dict[str, Check] = {}
    for check in checks:
        stage = f"running {check.stage}" if check.running else check.stage
        known = by_stage.get(stage)
        if known is None or check.error > known.error:
            by_stage[stage] = check
    return by_stage


def _read_cases(path: Path) -> dict[str, Any]:
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFilesError(f"{path}: does not say what the vectors are of ({error})") from error
    if not isinstance(cases, dict):
        raise ModelFilesError(f"{path}: not an object")
    return cases


def _compare(made: Made, vector: Tensor) -> Check:
    if made.tensor.shape != vector.shape:
        problem = f"shape {list(made.tensor.shape)} instead of {list(vector.shape)}"
        return Check(made.stage, made.vector, math.inf, problem)
    error = (made.tensor.double() - vector.double()).abs().max().item()
    if math.isnan(error):
        return Check(made.stage, made.vector, math.inf, "not a number")
    return Check(made.stage, made.vector, error)


def _everything(model: StableAudio, vectors: Vectors, cases: dict[str, Any]) -> Iterator[Made]:
    yield from _conditioning(model, vectors, cases["conditioning"])
    yield from _dit(model, vectors, cases["dit"], cases["conditioning"]["seconds_total"])
    for case in cases["schedules"]:
        sigma_max = float(case["sigma_max"])
        yield _sigmas(f"schedule.steps{case['steps']}.smax{sigma_max}", case["steps"], sigma_max)
    yield from _autoencoder(model, vectors)
    yield from _sounds(model, vectors, cases)
    source = cases["post"]["source"].removesuffix(".audio")
    yield Made("int16", "post.peak_int16", _peak_int16(model.decode(vectors[f"{source}.latents"][-1])))


def _conditioning(model: StableAudio, vectors: Vectors, case: dict[str, Any]) -> Iterator[Made]:
    conditioner = model.conditioner
    ids, mask = conditioner.tokens(case["prompts"])
    yield Made("tokens", "tokens.input_ids", ids)
    yield Made("tokens", "tokens.attention_mask", mask)
    yield Made("tokens", "cond.prompt_mask", mask)
    known = Tokens(vectors["tokens.input_ids"], vectors["tokens.attention_mask"])
    yield Made("t5", "t5.last_hidden_state", conditioner.read(known))
    rows, overall = conditioner(case["prompts"], case["seconds_total"])
    yield Made("conditioning", "cond.prompt", rows[:, :-1])
    yield Made("conditioning", "cond.seconds_total", rows[:, -1:])
    yield Made("conditioning", "cond.cross_attn_cond", rows)
    yield Made("conditioning", "cond.global_cond", overall)


def _dit(model: StableAudio, vectors: Vectors, case: dict[str, Any], seconds: list[float]) -> Iterator[Made]:
    dit, latents, t = model.dit, vectors["dit.x"], vectors["dit.t"]
    wanted = Condition(vectors["cond.cross_attn_cond"], vectors["cond.global_cond"])
    yield Made("dit", "dit.timestep_features", dit.timestep_features(t))
    yield Made("dit", "dit.timestep_embed", dit.to_timestep_embed(vectors["dit.timestep_features"]))
    yield Made("dit", "dit.cond_embed", dit.to_cond_embed(wanted.rows))
    yield Made("dit", "dit.global_embed", dit.to_global_embed(wanted.overall))
    yield Made("dit", "dit.rotary_freqs", dit.transformer.rotary_pos_emb(1 + latents.shape[2]))

    hidden: list[Tensor] = []
    hooks = [
        block.register_forward_hook(lambda _block, _arguments, out: hidden.append(out))
        for block in dit.transformer.layers
    ]
    towards = dit(latents, t, *wanted)
    for hook in hooks:
        hook.remove()
    for number, state in enumerate(hidden):
        if f"dit.hidden.{number}" in vectors:  # not all are recorded of a deep model
            yield Made("dit", f"dit.hidden.{number}", state)
    yield Made("dit", "dit.out", towards)

    scale, prompt = case["cfg_scale"], case["negative_prompt"]
    nothing, negative = (model.unwanted(wanted, seconds, each) for each in (None, prompt))
    yield Made("conditioning", "dit.negative_cross_attn_cond", negative.rows)
    for name, unwanted in ((f"dit.out_cfg{scale:g}", nothing), (f"dit.out_cfg{scale:g}_negative", negative)):
        yield Made("dit", name, model.led(latents, t, [wanted, unwanted], scale))


def _sigmas(vector: str, steps: int, sigma_max: float) -> Made:
    return Made("schedule", vector, torch.tensor(schedule(steps, sigma_max)))


def _autoencoder(model: StableAudio, vectors: Vectors) -> Iterator[Made]:
    encoded = vectors["ae.encoder_out"]
    known = posterior(encoded)
    yield Made("encoder", "ae.encoder_out", model.encoder(vectors["ae.wave"]))
    yield Made("encoder", "ae.mean", known.mean)
    yield Made("encoder", "ae.std", known.deviation)
    yield Made("encoder", "ae.latent", known.sample(vectors["ae.sample_noise"]))
    yield Made("audio", "ae.decoded_from_mean", model.decode(vectors["ae.mean"]))


def _sounds(model: Model, vectors: Vectors, cases: dict[str, Any]) -> Iterator[Made]:
    for case in (*cases["text_to_audio"], *cases["audio_to_audio"]):
        yield from _sound(model, vectors, case)


def _sound(model: Model, vectors: Vectors, case: dict[str, Any]) -> Iterator[Made]:
    """Make a batch step by step, each from what the reference had before it; then, if it is one, whole."""
    key, steps, seed = case["key"], case["steps"], case["seed"]
    start = None
    if "init_noise_level" in case:
        start = Start(vectors[f"{key}.init_audio"], case["init_noise_level"])
    options = Options(steps, case["latent_length"], guidance=case["cfg_scale"], start=start)
    sounds = [Sound(*each, seed) for each in zip(case["prompts"], case["seconds_total"], strict=True)]
    yield from _noises(vectors, key, seed)

    noise, step_noise = vectors[f"{key}.noise"], vectors[f"{key}.step_noise"]
    sigma_max, latents = 1.0, noise
    if start is not None:
        sigma_max = start.noise_level
        origin = model.encode(model.fit(start.audio, noise.shape[2]))
        latents = mix(origin.sample(vectors[f"{key}.vae_noise"]), noise, sigma_max)
    yield Made("encoder", f"{key}.x_init", latents)

    sigmas = schedule(steps, sigma_max)
    yield _sigmas(f"{key}.sigmas", steps, sigma_max)
    yield Made("schedule", f"{key}.model_t", torch.tensor(sigmas[:-1])[:, None].expand(-1, len(sounds)))
    velocity = model.velocity(model.conditions(sounds, options), options.guidance)
    states = vectors[f"{key}.latents"]  # (steps, batch, latent_channels, latent_frames)
    before = itertools.chain([vectors[f"{key}.x_init"]], states)
    velocities = [velocity(latents, sigma) for latents, sigma in zip(before, sigmas[:-1], strict=False)]
    yield Made("dit", f"{key}.velocity", torch.stack(velocities))
    draws = iter(step_noise)
    made = list(ping_pong(velocity, vectors[f"{key}.x_init"], sigmas, lambda: next(draws)))
    yield Made("latents", f"{key}.latents", torch.stack(made))
    yield Made("audio", f"{key}.audio", model.decode(states[-1]))
    if len(sounds) == 1:  # in a batch the reference's sounds share one stream of noise; here they do not
        yield Made("whole", f"{key}.audio", model.generate(sounds, options))


def _noises(vectors: Vectors, key: str, seed: int) -> Iterator[Made]:
    """Draw what the reference drew, in its order, from one stream for the whole batch."""
    rng = torch.Generator().manual_seed(seed)
    for name in (f"{key}.noise", f"{key}.vae_noise"):
        if name in vectors:
            yield Made("noise", name, torch.randn(vectors[name].shape, generator=rng))
    steps = [torch.randn(each.shape, generator=rng) for each in vectors[f"{key}.step_noise"]]
    yield Made("noise", f"{key}.step_noise", torch.stack(steps))


def _peak_int16(audio: Tensor) -> Tensor:
    """Return audio as the reference's page writes it: one after the other, at the full scale, truncated."""
    joined = torch.cat(list(audio), dim=1)  # (channels, batch * frames)
    return (joined / joined.abs().max()).clamp(-1.0, 1.0).mul(32767.0).to(torch.int16)
