"""Each mistake that is easily made in these networks is seen, and first by the stage that it is made in."""
# without the extra `neural` nothing below can be imported

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import swash_model.stable_audio

PACKAGE = "swash_model.stable_audio"
TURNED = "rotate(self.q_norm(q), angles), rotate(self.k_norm(k), angles)"
CROSSED = "attend(self.q_norm(q), self.k_norm(k), v)"
ATTENDED = "scaled_dot_product_attention(q, k, v)"
FOLDED = "return _finite(name, fold_weight_norm(length, direction), path)"

# What is wrong: the file, what stands there, what would stand there, and the stage that must see it.
MISTAKES = {
    "prompts in lower case": ("conditioner", "list(prompts)", "[each.lower() for each in prompts]", "tokens"),
    "a token too few": ("conditioner", "config.prompt_tokens)", "config.prompt_tokens - 1)", "tokens"),
    "T5 reads the padding": ("conditioner", ", attention_mask=tokens.mask)", ")", "t5"),
    "the padding is not zero": ("conditioner", " * tokens.mask[..., None]", "", "conditioning"),
    "seconds: cosine first": ("conditioner", "n(), angles.cos()", "n().roll(128), angles.sin()", "conditioning"),
    "seconds: the number last": (
        "conditioner",
        "[number, angles.sin(), angles.cos()]",
        "[angles.sin(), angles.cos(), number]",
        "conditioning",
    ),
    "seconds are not clamped": (
        "conditioner",
        "seconds.clamp(self.min_seconds, self.max_seconds)",
        "seconds",
        "conditioning",
    ),
    "seconds are not scaled": (
        "conditioner",
        " / (self.max_seconds - self.min_seconds)",
        "",
        "conditioning",
    ),
    "noise level: sine first": ("dit", "angles.cos(), angles.sin()", "angles.sin(), angles.cos()", "dit"),
    "noise level without 2 pi": ("dit", "2 * math.pi * t[:, None]", "t[:, None]", "dit"),
    "noise level left out": ("dit", " + self.to_timestep_embed(self.timestep_features(t))", "", "dit"),
    "a norm without its scale": ("dit", "self.gamma, self.beta)", "None, self.beta)", "dit"),
    "a head's norm with the other epsilon": ("dit", "HEAD_NORM_EPS = 1e-6", "HEAD_NORM_EPS = 1e-3", "dit"),
    "query and key the other way round": ("dit", "q, k, v = (", "k, q, v = (", "dit"),
    "key and value the other way round": ("dit", "        k, v = (", "        v, k = (", "dit"),
    "heads are not normalised": ("dit", TURNED, "rotate(q, angles), rotate(k, angles)", "dit"),
    "nothing turns": ("dit", TURNED, "self.q_norm(q), self.k_norm(k)", "dit"),
    "turned before normalised": (
        "dit",
        TURNED,
        "self.q_norm(rotate(q, angles)), self.k_norm(rotate(k, angles))",
        "dit",
    ),
    "turned the other way": ("dit", "[-second, first]", "[second, -first]", "dit"),
    "neighbours turn, not halves": (
        "dit",
        "first, second = turning.chunk(2, dim=-1)",
        "first, second = turning[..., ::2], turning[..., 1::2]",
        "dit",
    ),
    "the whole head turns": (
        "dit",
        "rotary_channels = angles.shape[-1]",
        "rotary_channels, angles = heads.shape[-1], angles.repeat(1, heads.shape[-1] // angles.shape[-1])",
        "dit",
    ),
    "positions count from one": ("dit", "arange(positions)", "arange(1, positions + 1)", "dit"),
    "the condition turns too": (
        "dit",
        CROSSED,
        "attend(rotate(self.q_norm(q), torch.ones(q.shape[2], 32)), self.k_norm(k), v)",
        "dit",
    ),
    "padding is not attended to": (
        "dit",
        CROSSED,
        "functional.scaled_dot_product_attention(self.q_norm(q), self.k_norm(k), v,"
        " attn_mask=context.abs().amax(-1)[:, None, None] > 0).transpose(1, 2).flatten(2)",
        "dit",
    ),
    "attention unscaled": ("dit", ATTENDED, "scaled_dot_product_attention(q, k, v, scale=1.0)", "dit"),
    "attention to the past alone": (
        "dit",
        ATTENDED,
        "scaled_dot_product_attention(q, k, v, is_causal=True)",
        "dit",
    ),
    "the gate comes first": ("dit", "value, gate = self", "gate, value = self", "dit"),
    "another gate": ("dit", "functional.silu(gate)", "functional.gelu(gate)", "dit"),
    "the first convolution replaces": ("dit", "latents + self.preprocess", "self.preprocess", "dit"),
    "the last convolution replaces": ("dit", "velocity + self.postprocess", "self.postprocess", "dit"),
    "a frame is dropped, not the token": ("dit", "hidden[:, 1:]", "hidden[:, :-1]", "dit"),
    "guidance from the wrong end": ("model", "away + guidance *", "towards + guidance *", "dit"),
    "guidance forgets the seconds": (
        "model",
        "wanted._replace(rows=torch.zeros_like(wanted.rows))",
        "Condition(torch.zeros_like(wanted.rows), torch.zeros_like(wanted.overall))",
        "dit",
    ),
    "another schedule": ("sampler", "LOWEST_LOGSNR = -6.0", "LOWEST_LOGSNR = -8.0", "schedule"),
    "the schedule ends before zero": ("sampler", ", 0.0]", ", 0.1]", "schedule"),
    "the snake is not stored as logarithms": (
        "oobleck",
        "self.alpha.exp()[:, None]",
        "self.alpha[:, None]",
        "encoder",
    ),
    "the snake's sides are the same": ("oobleck", "self.beta.exp()", "self.alpha.exp()", "encoder"),
    "the snake is not squared": ("oobleck", ".sin().square()", ".sin()", "encoder"),
    "other dilations": ("oobleck", "DILATIONS = (1, 3, 9)", "DILATIONS = (1, 2, 4)", "encoder"),
    "the deviation as a logarithm": (
        "oobleck",
        "functional.softplus(raw) + LEAST_DEVIATION",
        "(0.5 * raw).exp()",
        "encoder",
    ),
    "mean and deviation the other way round": ("oobleck", "mean, raw = ", "raw, mean = ", "encoder"),
    "the waveform is bent": ("model", "self.decoder(each)", "self.decoder(each).tanh()", "audio"),
    "transposed convolutions by output": (
        "weights",
        FOLDED,
        "if __import__('re').search(r'decoder.layers.[0-9].layers.1.weight', name):\n"
        "        return length * direction / direction.norm(dim=(0, 2), keepdim=True)\n"
        f"    {FOLDED}",
        "audio",
    ),
    "a weight without its length": ("weights", "length * direction / norm", "direction / norm", "encoder"),
    "weights rounded to half precision": ("weights", "direction / norm", "(direction / norm).half()", "encoder"),
    "velocity taken for the sound": ("sampler", "latents - sigma * velocity(", "velocity(", "latents"),
    "sound and noise the other way round": (
        "sampler",
        "(1.0 - sigma) * clean + sigma * noise",
        "sigma * clean + (1.0 - sigma) * noise",
        "latents",
    ),
    "no fresh noise": ("sampler", "mix(clean, fresh(), next_sigma)", "clean", "latents"),
    "a draw too many": (
        "model",
        "latents, sigma_max = noise.draw(channels, frames)",
        "_, latents, sigma_max = noise.draw(channels, frames), noise.draw(channels, frames)",
        "whole",
    ),
    "init audio without its noise": ("model", ".sample(noise.draw(channels, frames))", ".mean", "whole"),
    "init audio in the wrong share": (
        "model",
        "mix(origin.sample(noise.draw(channels, frames)), latents,",
        "mix(latents, origin.sample(noise.draw(channels, frames)),",
        "whole",
    ),
}

# Of the networks as they run: the same mistakes can be made a second time.
RUNNING_MISTAKES = {
    "the second part has nothing around it": (
        "fast_oobleck",
        "self._halo = math.ceil(",
        "self._halo = 0 * math.ceil(",
    ),
    "taps of the transposed convolution in another order": (
        "fast_oobleck",
        "permute(2, 1, 0)",
        "flip(2).permute(2, 1, 0)",
    ),
    "the late half is not added": ("pointwise", "own.float() + late.float() + bias", "own.float() + bias"),
    "the padding is cut at one end": (
        "pointwise",
        "rows[padding : (positions + 1) * stride - padding]",
        "rows[2 * padding :]",
    ),
    "snake: beta not taken out of its logarithm": (
        "fast_oobleck",
        "(snake.beta.exp() + TINY)",
        "(snake.beta + TINY)",
    ),
    "k before q": ("pointwise", "head_norm(parts[0],", "head_norm(parts[1],"),
    "the halves of a head turn the wrong way": (
        "pointwise",
        "first * cos - second * sin",
        "first * cos + second * sin",
    ),
    "the gate opens the gate": (
        "pointwise",
        "stored(value * functional.silu(gate), form)",
        "stored(gate * functional.silu(value), form)",
    ),
    "keys not normalised": ("fast_dit", "head_norm(keys, *self.cross_k_norm).transpose", "keys.transpose"),
    "values before keys": ("fast_dit", "keys, values = both", "values, keys = both"),
    "the first convolution left out": (
        "fast_dit",
        "transformer.project_in.weight + transformer.project_in.weight @ before",
        "transformer.project_in.weight",
    ),
    "the last convolution on the wrong side": (
        "fast_dit",
        "transformer.project_out.weight + after @ transformer.project_out.weight",
        "transformer.project_out.weight",
    ),
    "the global token stays": ("fast_dit", "positions, -1)[:, 1:]", "positions, -1)[:, :-1]"),
    "all sounds of a batch hear the first": (
        "fast_dit",
        "block.read(rows) for rows in sounds",
        "block.read(sounds[0]) for _ in sounds",
    ),
    "one prompt for all": (
        "fast_model",
        "self._rows_of(prompt) for prompt in prompts",
        "self._rows_of(prompts[0]) for _ in prompts",
    ),
    "the bias is forgotten": (
        "operators",
        "None if bias is None else _copy(bias, form)\n        self._how = (stride",
        "None\n        self._how = (stride",
    ),
}


@contextmanager
def mutant(folder: Path, file: str, right: str, wrong: str) -> Iterator[ModuleType]:
    """Give a copy of the package with one place written wrong."""
    name = "mutant"
    (folder / name).mkdir()
    for source in Path(swash_model.stable_audio.__file__).parent.glob("*.py"):
        text = source.read_text()
        if source.stem == file:
            assert text.count(right) == 1, f"{file}.py no longer says {right!r} once: follow it here"
            text = text.replace(right, wrong)
        (folder / name / source.name).write_text(text.replace(PACKAGE, name))
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        importlib.import_module(f"{name}.verify")
        yield sys.modules[name]
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


def first_miss(package: ModuleType, golden: Path) -> str | None:
    """Return the first stage that makes something else than the reference, if any does."""
    model = package.model.load(golden)
    checks = package.verify.verify(model, golden)
    return next((check.stage for check in checks if not check.passed), None)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(mistake: str, golden: Path, tmp_path: Path) -> None:
    file, right, wrong, stage = MISTAKES[mistake]
    with mutant(tmp_path, file, right, wrong) as package:
        assert first_miss(package, golden) == stage


def misses_running(package: ModuleType, golden: Path) -> bool:
    """Return whether the networks as they run make something else than the reference, or nothing at all."""
    plain = package.model.load(golden)
    fast = importlib.import_module(f"{package.__name__}.fast_model").FastStableAudio
    exact = importlib.import_module(f"{package.__name__}.precision").EXACT
    # Plain operators: those are what a mistake is written into, and every machine has them.
    running = fast(plain, exact, lambda: plain.encoder, compiled=False, packed=False)
    try:
        return not all(check.passed for check in package.verify.verify_running(running, golden))
    except RuntimeError:  # shapes that do not fit
        return True


@pytest.mark.parametrize("mistake", RUNNING_MISTAKES)
def test_a_mistake_in_the_running_networks_is_seen(mistake: str, golden: Path, tmp_path: Path) -> None:
    with mutant(tmp_path, *RUNNING_MISTAKES[mistake]) as package:
        assert misses_running(package, golden)


def test_a_copy_without_a_mistake_passes(golden: Path, tmp_path: Path) -> None:
    with mutant(tmp_path, "model", "class StableAudio(Model):", "class StableAudio(Model):") as package:
        assert first_miss(package, golden) is None
        assert not misses_running(package, golden)
