"""A model of random weights in the released layout: for measuring and for trying, before the real one is here.

It makes noise, and takes as long over it as the real one. Its tokenizer is not T5's: it knows a few words
and spells the rest, byte by byte.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import T5Config

from swash_model.stable_audio.config import Config, parse_config
from swash_model.stable_audio.dit import RotaryEmbedding
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.released import RELEASED, T5_BASE
from swash_model.stable_audio.shapes import DECODER, ENCODER, networks_of, t5_of
from swash_model.stable_audio.weights import AUTOENCODER, stored

AUDIO_RMS = 0.15  # of what unit latents are decoded to, and of what the encoder makes unit latents of
SNAKE_GAIN = 1.2  # by which a snake raises the RMS of unit noise; the convolution behind takes it back
SPREAD = 0.05  # of biases and of the snakes' logarithms: small, but nothing is exactly zero
SPECIAL = ("<pad>", "</s>", "<unk>")  # ids 0, 1 and 2, as T5's
BYTES = 256
FLOAT_BYTES, HALF_BYTES = 4, 2
WORDS = (
    " a an and at behind big by calm close cold crackling crashing deep distant dry empty far fast fire footstep"
    " footsteps forest from gentle glass gravel heavy hitting hollow howling in large light loud metal near night"
    " of on open over rain river rocky rolling rough sharp shore short slow small snow soft splash steady stone"
    " storm stream the through thunder tin roof under water waves wet wind with wood wooden"
)


def write(
    folder: Path,
    seed: int = 0,
    config: Mapping[str, Any] = RELEASED,
    t5: Mapping[str, Any] = T5_BASE,
    made: Callable[[int], object] = lambda _: None,
) -> None:
    """Write a random model into a folder: `config` is its model_config.json, `t5` the config.json of its T5.

    `made` is told how many bytes were made since it was last told. Raise ModelFilesError if the two do not
    describe a model. Each file appears when it is whole, and model_config.json last of all.
    """
    sizes = parse_config(config)
    if t5["d_model"] != sizes.conditioner.channels:
        raise ModelFilesError(f"T5 gives {t5['d_model']} channels, the model takes {sizes.conditioner.channels}")
    if t5["vocab_size"] < BYTES + len(SPECIAL):
        raise ModelFilesError(f"vocab_size: {BYTES + len(SPECIAL)} or more, got {t5['vocab_size']}")
    rng = torch.Generator().manual_seed(seed)
    (folder / "t5").mkdir(parents=True, exist_ok=True)
    _save(_told(_t5(T5Config.from_dict(dict(t5)), rng), made), folder / "t5" / "model.safetensors")
    _put(folder / "t5" / "tokenizer.json", _tokenizer(t5["vocab_size"]).to_str(pretty=True))
    _put(folder / "t5" / "config.json", json.dumps(dict(t5), indent=2))
    _save(_told(_networks(sizes, rng), made), folder / "model.safetensors")
    _put(folder / "model_config.json", json.dumps(dict(config), indent=2))


def size_bytes(config: Mapping[str, Any] = RELEASED, t5: Mapping[str, Any] = T5_BASE) -> int:
    """Return how much a random model takes on the disk."""
    numbers = sum(
        (HALF_BYTES if prefix.startswith(AUTOENCODER) else FLOAT_BYTES) * shape.numel()
        for prefix, network in networks_of(parse_config(config)).items()
        for shape in stored(prefix, network).values()
    )
    words = t5_of(T5Config.from_dict(dict(t5)))
    return numbers + FLOAT_BYTES * sum(each.numel() for each in words.parameters())


def _told(tensors: Iterator[tuple[str, Tensor]], made: Callable[[int], object]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors:
        made(tensor.nbytes)
        yield name, tensor


def _save(tensors: Iterator[tuple[str, Tensor]], path: Path) -> None:
    part = path.with_name(path.name + ".part")
    save_file(dict(tensors), part)
    part.replace(path)


def _put(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _networks(config: Config, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of model.safetensors: the autoencoder in float16, as it is released."""
    shapes = {
        name: shape
        for prefix, network in networks_of(config).items()
        for name, shape in stored(prefix, network).items()
    }
    strides = {  # of the transposed convolutions, whose weights do not tell
        f"{DECODER}layers.{block}.layers.1.weight": stride
        for block, stride in enumerate(config.decoder.strides[::-1], 1)
    }
    blocks = {ENCODER: len(config.encoder.strides), DECODER: len(config.decoder.strides)}
    for name, shape in shapes.items():
        if name.startswith(AUTOENCODER):
            half = ENCODER if name.startswith(ENCODER) else DECODER
            yield name, _of_autoencoder(name, shape, shapes, strides, blocks[half], rng).half()
        elif name.endswith("inv_freq"):
            yield name, RotaryEmbedding(config.dit.rotary_channels).inv_freq
        else:
            yield name, _of_transformer(name, shape, config.dit.depth, rng)


def _of_transformer(name: str, shape: torch.Size, depth: int, rng: torch.Generator) -> Tensor:
    """Return one float32 tensor: noise of unit size goes in and comes out, however many blocks there are."""
    if name.endswith((".gamma", "_norm.weight")):
        return torch.ones(shape)
    if name.endswith((".beta", "_norm.bias")):
        return torch.zeros(shape)
    if name.endswith(".bias"):
        return _noise(shape, SPREAD, rng)
    if name.endswith(("embedding.0.weights", "timestep_features.weight")):  # frequencies
        return _noise(shape, 1.0, rng)
    gain = 1.0
    if name.endswith(("to_out.weight", "ff.ff.2.weight", "process_conv.weight")):
        gain = 1 / math.sqrt(3 * depth)  # of these many branches, each added to what came
    return _noise(shape, gain / math.sqrt(math.prod(shape[1:])), rng)


def _of_autoencoder(
    name: str,
    shape: torch.Size,
    shapes: Mapping[str, torch.Size],
    strides: Mapping[str, int],
    blocks: int,
    rng: torch.Generator,
) -> Tensor:
    """Return one tensor: the length of each weight is such that every layer keeps the size of what comes in."""
    if not name.endswith("_g"):
        return _noise(shape, 1.0 if name.endswith("_v") else SPREAD, rng)
    convolution = name.removesuffix("_g")
    direction = shapes[f"{convolution}_v"]
    length = 1 / SNAKE_GAIN  # each row of a convolution gives one output
    if convolution in strides:  # each row of a transposed one gives a part of many outputs
        length = math.sqrt(direction[1] * strides[convolution] / direction[0]) / SNAKE_GAIN
    elif convolution.endswith("layers.3.weight"):
        length /= math.sqrt(3 * blocks)  # the end of a branch, added to what came
    elif convolution == f"{ENCODER}layers.0.weight":
        length = 1 / AUDIO_RMS
    elif convolution == f"{DECODER}layers.0.weight":
        length = 1.0
    elif convolution == f"{DECODER}layers.{blocks + 2}.weight":
        length = AUDIO_RMS / SNAKE_GAIN
    return torch.full(shape, length)


def _t5(config: T5Config, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of T5's encoder, in float32."""
    for name, tensor in t5_of(config).state_dict().items():
        if name == "encoder.embed_tokens.weight":  # the same as shared.weight, and stored once
            continue
        if name.endswith("norm.weight"):
            yield name, torch.ones(tensor.shape)
            continue
        spread = 1.0 if name == "shared.weight" else 1 / math.sqrt(tensor.shape[-1])
        if name.endswith(".q.weight"):
            spread /= math.sqrt(config.d_kv)  # this attention divides by nothing itself
        yield name, _noise(tensor.shape, spread, rng)


def _noise(shape: torch.Size, spread: float, rng: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=rng).mul_(spread)


def _tokenizer(vocabulary: int) -> Tokenizer:
    """Return a tokenizer of at most so many tokens that reads any text and ends it with id 1."""
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL[2]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=1,
        special_tokens=[AddedToken(each, special=True, normalized=False) for each in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer
