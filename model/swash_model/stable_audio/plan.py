"""What a model will cost on this machine, before its weights are here: memory, disk, and seconds a sound.

The work is counted, on networks without weights; how fast this machine multiplies is measured, in two seconds.
What lies between products alone and a whole sound is a share found elsewhere, so the seconds are an estimate.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import T5Config, T5EncoderModel, T5ForConditionalGeneration

from swash_model.stable_audio.config import Config, parse_config, read_config
from swash_model.stable_audio.limits import DEFAULT_STEPS
from swash_model.stable_audio.operators import Operators
from swash_model.stable_audio.pointwise import INT8, Form, stored
from swash_model.stable_audio.precision import Forms
from swash_model.stable_audio.released import RELEASED, T5_BASE
from swash_model.stable_audio.shapes import DECODER, DIT, ENCODER, SECONDS, networks_of, t5_of
from swash_model.stable_audio.weights import t5_config

EFFICIENCY = 0.7  # of products alone, end to end: 0.64 to 0.82 on two cores of Zen 4
PROCESS_BYTES = 700_000_000  # Python, torch and the working memory of a sound, beside the weights
MEASURE_S = 0.6  # for each form
BYTES: Mapping[Form, int] = {torch.float32: 4, torch.bfloat16: 2, INT8: 1}
NAMES: Mapping[Form, str] = {torch.float32: "float32", torch.bfloat16: "bfloat16", INT8: "int8"}
Rates = Mapping[Form, float]  # floating-point operations in a second


class Part(NamedTuple):
    """One network: how many of its weights take each of the forms, and how many stay float32."""

    name: str
    disk_bytes: int
    dit: int = 0
    autoencoder: int = 0
    t5: int = 0
    kept: int = 0

    @property
    def parameters(self) -> int:
        """Return how many weights it has."""
        return self.dit + self.autoencoder + self.t5 + self.kept

    def memory_bytes(self, forms: Forms) -> int:
        """Return what the weights take when they are loaded."""
        formed = ((self.dit, forms.dit), (self.autoencoder, forms.autoencoder), (self.t5, forms.t5))
        return BYTES[torch.float32] * self.kept + sum(numbers * BYTES[form] for numbers, form in formed)


class Work(NamedTuple):
    """The floating-point operations of one sound, stage by stage."""

    text: int
    condition: int  # what the transformer makes of it, once a sound
    steps: int
    decoding: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a model is, as its configs say it."""

    config: Config
    t5: T5Config

    @property
    def longest_s(self) -> float:
        """Return the length of the longest sound."""
        return self.config.latent_frames * self.config.ratio / self.config.sample_rate


def sizes_of(folder: Path | None = None) -> Sizes:
    """Return the sizes of the model in a folder, where weights need not be, or of the released one.

    Without a config of T5 it is taken for t5-base. Raise ModelFilesError if a config is not of a model like this.
    """
    if folder is None:
        return Sizes(parse_config(RELEASED), T5Config.from_dict(dict(T5_BASE)))
    config, path = read_config(folder / "model_config.json"), folder / "t5" / "config.json"
    return Sizes(config, t5_config(path) if path.is_file() else T5Config.from_dict(dict(T5_BASE)))


def parts_of(sizes: Sizes) -> list[Part]:
    """Return T5, transformer, decoder and encoder, which is loaded for audio to begin with alone."""
    networks = networks_of(sizes.config)
    dit = networks[DIT]
    packed = {
        name: module.weight.numel()
        for name, module in dit.named_modules()
        if isinstance(module, nn.Linear) and name.startswith("transformer.layers.")
    }
    never_int8 = sum(numbers for name, numbers in packed.items() if name.endswith(".to_kv"))  # read once a sound
    as_dit = sum(packed.values()) - never_int8
    in_all = _numbers(dit) + _numbers(networks[SECONDS])
    with torch.device("meta"):
        whole_t5 = T5ForConditionalGeneration(sizes.t5)  # as it is published
    decoder, encoder = _numbers(networks[DECODER]), _numbers(networks[ENCODER])
    return [
        Part("T5", 4 * _numbers(whole_t5), t5=_numbers(t5_of(sizes.t5))),
        Part("transformer", 4 * in_all, as_dit, autoencoder=never_int8, kept=in_all - as_dit - never_int8),
        Part("decoder", 2 * decoder, autoencoder=decoder),
        Part("encoder", 2 * encoder, autoencoder=encoder),
    ]


def _numbers(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


def work_of(sizes: Sizes, seconds: float, steps: int = DEFAULT_STEPS) -> Work:
    """Return the work of a sound: always sampled at full length, decoded as far as it goes."""
    config, networks = sizes.config, networks_of(sizes.config)
    dit, tokens = networks[DIT], config.conditioner.prompt_tokens
    with torch.device("meta"):
        latents = torch.empty(1, config.dit.latent_channels, config.latent_frames)
        rows = torch.empty(1, tokens + 1, config.dit.condition_channels)
        wanted = torch.empty(1, math.ceil(seconds * config.sample_rate / config.ratio))
    step, by_module = _counted(lambda: dit(latents, latents[:, 0, 0], rows, rows[:, 0]))
    condition = sum(work for name, work in by_module.items() if name.endswith((".to_kv", ".to_cond_embed")))
    decoding, _ = _counted(lambda: networks[DECODER](latents[:, :, : wanted.shape[1]]))
    return Work(_of_text(t5_of(sizes.t5), tokens), condition, steps * (step - condition), decoding)


def _of_text(t5: T5EncoderModel, tokens: int) -> int:
    """Return T5's work: a product with every matrix but the table of words, and attention of all to all."""
    matrices = sum(module.weight.numel() for module in t5.modules() if isinstance(module, nn.Linear))
    attention = 2 * t5.config.num_layers * t5.config.num_heads * t5.config.d_kv * tokens
    return 2 * tokens * (matrices + attention)


def _counted(run: Callable[[], object]) -> tuple[int, dict[str, int]]:
    """Return the floating-point operations of a run, and of each module in it."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops(), {
        name: sum(each.values()) for name, each in counter.get_flop_counts().items()
    }


def measured_rates(sizes: Sizes, wanted: Iterable[Forms], measure_s: float = MEASURE_S) -> Rates:
    """Return how fast this machine multiplies in each form, at the transformer's most common shape."""
    dit = networks_of(sizes.config)[DIT]
    shapes = Counter[tuple[int, ...]]()
    for module in dit.modules():
        if isinstance(module, nn.Linear):
            shapes[tuple(module.weight.shape)] += module.weight.numel()
    ((shape, _),) = shapes.most_common(1)
    rng = torch.Generator().manual_seed(0)
    weight = torch.randn(shape, generator=rng) / math.sqrt(shape[1])
    forms = {form for each in wanted for form in (each.dit, each.autoencoder, each.t5)}
    rows = torch.randn(1 + sizes.config.latent_frames, shape[1], generator=rng)
    return {form: _rate(weight, rows, form, measure_s) for form in BYTES if form in forms}


def threads() -> int:
    """Return with how many threads the rates are measured."""
    return torch.get_num_threads()


@torch.no_grad()
def _rate(weight: Tensor, rows: Tensor, form: Form, measure_s: float) -> float:
    product = Operators(form).linear(weight)
    data, _ = stored(rows, product.form)
    product(data)  # the first is not like the others
    fastest_s, until_s = math.inf, time.perf_counter() + measure_s
    while (began_s := time.perf_counter()) < until_s:
        product(data)
        fastest_s = min(fastest_s, time.perf_counter() - began_s)
    return 2 * weight.numel() * len(rows) / fastest_s


def expected_s(work: Work, rates: Rates, forms: Forms) -> float:
    """Return the seconds that a sound of so much work will take."""
    once = work.condition + work.decoding
    products_s = work.text / rates[forms.t5] + once / rates[forms.autoencoder] + work.steps / rates[forms.dit]
    return products_s / EFFICIENCY
