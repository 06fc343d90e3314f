"""The sizes of a model, read from its model_config.json.

Whatever the file says that these networks do not do is refused: a key passed over could be a wrong sound.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swash_model.stable_audio.errors import ModelFilesError

MIN_ROTARY_CHANNELS = 32  # of a head: half of them turn, but never fewer than this
# Far above any such model. A file from elsewhere shall not have networks built for ever, or beyond all memory.
MAX_FILE_BYTES = 1024 * 1024
MAX_WHOLE = 2**24
MAX_CHANNELS = 2**16
MAX_DEPTH = 256


@dataclass(frozen=True, slots=True)
class ConditionerConfig:
    """Words and seconds to tokens of `channels`."""

    channels: int
    prompt_tokens: int  # a prompt is cut or padded to this many
    min_seconds: float
    max_seconds: float


@dataclass(frozen=True, slots=True)
class DitConfig:
    """The diffusion transformer."""

    latent_channels: int
    condition_channels: int
    channels: int
    heads: int
    depth: int

    @property
    def head_channels(self) -> int:
        """Return the channels of one head."""
        return self.channels // self.heads

    @property
    def rotary_channels(self) -> int:
        """Return how many channels of a head turn with the position."""
        return max(self.head_channels // 2, MIN_ROTARY_CHANNELS)


@dataclass(frozen=True, slots=True)
class OobleckConfig:
    """One half of the autoencoder: strides and channels go from the waveform's side to the latents'.

    `channels` has one entry more than `strides`: block i joins channels[i] and channels[i + 1].
    """

    audio_channels: int
    latent_channels: int  # of the encoder: mean and deviation, so twice the decoder's
    channels: tuple[int, ...]
    strides: tuple[int, ...]

    def frames_of(self, latent_frames: int) -> int:
        """Return the audio frames that a decoder makes: an odd stride makes its block one row short."""
        rows = latent_frames
        for stride in reversed(self.strides):
            rows = rows * stride - stride % 2
        return rows


@dataclass(frozen=True, slots=True)
class Config:
    """A whole model. `latent_frames` is the length it was trained at, `ratio` the audio frames of one latent."""

    sample_rate: int
    latent_frames: int
    ratio: int
    conditioner: ConditionerConfig
    dit: DitConfig
    encoder: OobleckConfig
    decoder: OobleckConfig


def read_config(path: Path) -> Config:
    """Return what model_config.json says; raise ModelFilesError if it is not of a model like this."""
    try:
        text = read_text(path)
    except OSError as error:
        raise ModelFilesError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ModelFilesError(f"{path}: not text") from error
    try:
        return parse_config(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ModelFilesError(f"{path}: not JSON ({error})") from error
    except ModelFilesError as error:
        raise ModelFilesError(f"{path}: {error}; only models like Stable Audio Open Small run here") from None


def read_text(path: Path) -> str:
    """Return the text of a description; raise ModelFilesError for one that is too long, or OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ModelFilesError(f"{path}: at most {MAX_FILE_BYTES} bytes")
    return data.decode()


def parse_config(content: object) -> Config:
    """Return a config from the parsed JSON."""
    top = _Section("", content)
    top.must("model_type", "diffusion_cond")
    sample_rate, sample_size = top.size("sample_rate"), top.size("sample_size")
    audio_channels = top.size("audio_channels")
    top.ignore("training")
    model = top.section("model")
    top.end()

    encoder, decoder, ratio = _autoencoder(model.section("pretransform"), audio_channels)
    conditioner = _conditioner(model.section("conditioning"))
    dit = _dit(model.section("diffusion"))
    latent_channels = model.size("io_channels")
    model.end()

    for name, channels in (("diffusion", dit.latent_channels), ("decoder", decoder.latent_channels)):
        if channels != latent_channels:
            raise ModelFilesError(f"model.io_channels is {latent_channels} but the {name} has {channels}")
    if dit.condition_channels != conditioner.channels:
        raise ModelFilesError(
            f"conditioning gives {conditioner.channels} channels, diffusion takes {dit.condition_channels}"
        )
    if sample_size < ratio:
        raise ModelFilesError(f"sample_size: at least downsampling_ratio {ratio}, got {sample_size}")
    return Config(sample_rate, sample_size // ratio, ratio, conditioner, dit, encoder, decoder)


def _autoencoder(pretransform: "_Section", audio_channels: int) -> tuple[OobleckConfig, OobleckConfig, int]:
    pretransform.must("type", "autoencoder")
    pretransform.must("scale", 1.0, absent=1.0)
    pretransform.ignore("iterate_batch", "model_half")  # how the reference computes, not what
    config = pretransform.section("config")
    pretransform.end()

    bottleneck = config.section("bottleneck")
    bottleneck.must("type", "vae")
    bottleneck.end()
    latent_channels, ratio = config.size("latent_dim"), config.size("downsampling_ratio")
    config.must("io_channels", audio_channels)
    encoder = _oobleck(config.section("encoder"), "in_channels")
    decoder = _oobleck(config.section("decoder"), "out_channels")
    config.end()

    for name, half in (("encoder", encoder), ("decoder", decoder)):
        if math.prod(half.strides) != ratio:
            raise ModelFilesError(f"downsampling_ratio is {ratio} but the {name}'s strides are {half.strides}")
        if half.audio_channels != audio_channels:
            raise ModelFilesError(f"audio_channels is {audio_channels} but the {name} has {half.audio_channels}")
    if (encoder.latent_channels, decoder.latent_channels) != (2 * latent_channels, latent_channels):
        raise ModelFilesError(
            f"latent_dim {latent_channels} means {2 * latent_channels} of the encoder and {latent_channels} "
            f"of the decoder, got {encoder.latent_channels} and {decoder.latent_channels}"
        )
    return encoder, decoder, ratio


def _oobleck(half: "_Section", audio_key: str) -> OobleckConfig:
    half.must("type", "oobleck")
    half.ignore("requires_grad")
    config = half.section("config")
    half.end()

    config.must("use_snake", True, absent=False)
    if audio_key == "out_channels":
        config.must("final_tanh", False, absent=True)
    base, multiples, strides = config.size("channels"), config.sizes("c_mults"), config.sizes("strides")
    audio_channels, latent_channels = config.size(audio_key), config.size("latent_dim")
    config.end()
    if len(multiples) != len(strides):
        raise ModelFilesError(f"{config.name}: as many c_mults as strides, got {multiples} and {strides}")
    channels = tuple(base * multiple for multiple in (1, *multiples))
    _expect_at_most(f"{config.name}.strides: as many", MAX_DEPTH, len(strides))
    _expect_at_most(f"{config.name}: channels", MAX_CHANNELS, *channels, audio_channels, latent_channels)
    return OobleckConfig(audio_channels, latent_channels, channels, strides)


def _conditioner(conditioning: "_Section") -> ConditionerConfig:
    channels = conditioning.size("cond_dim")
    parts = conditioning.take("configs")
    conditioning.end()
    if not isinstance(parts, list) or len(parts) != 2:
        raise ModelFilesError(f"{conditioning.name}.configs: prompt and seconds_total, got {parts}")

    prompt, seconds = (_Section(f"{conditioning.name}.configs[{index}]", part) for index, part in enumerate(parts))
    prompt.must("id", "prompt")
    prompt.must("type", "t5")
    t5 = prompt.section("config")
    prompt.end()
    t5.ignore("t5_model_name")  # the folder is given, never fetched
    t5.must("project_out", False, absent=False)
    prompt_tokens = t5.size("max_length", absent=128)
    t5.end()

    seconds.must("id", "seconds_total")
    seconds.must("type", "number")
    number = seconds.section("config")
    seconds.end()
    min_seconds, max_seconds = number.number("min_val", absent=0.0), number.number("max_val", absent=1.0)
    number.end()
    if min_seconds >= max_seconds:
        raise ModelFilesError(f"{number.name}: min_val {min_seconds} is not below max_val {max_seconds}")
    return ConditionerConfig(channels, prompt_tokens, min_seconds, max_seconds)


def _dit(diffusion: "_Section") -> DitConfig:
    diffusion.must("type", "dit")
    # "rectified_flow" is the base model: many steps of another sampler. In few steps it only murmurs.
    diffusion.must("diffusion_objective", "rf_denoiser", absent="v")
    diffusion.must("cross_attention_cond_ids", ["prompt", "seconds_total"])
    diffusion.must("global_cond_ids", ["seconds_total"])
    for key in ("prepend_cond_ids", "input_concat_ids"):
        diffusion.must(key, [], absent=[])
    diffusion.ignore("distribution_shift_options")  # of training: sampling names its sigmas
    config = diffusion.section("config")
    diffusion.end()

    config.must("transformer_type", "continuous_transformer")
    for key, only, absent in (
        ("project_cond_tokens", True, True),
        ("project_global_cond", True, True),
        ("global_cond_type", "prepend", "prepend"),
        ("timestep_cond_type", "global", "global"),
        ("patch_size", 1, 1),
    ):
        config.must(key, only, absent=absent)
    attention = config.section("attn_kwargs")
    attention.must("qk_norm", "ln", absent="none")
    attention.end()
    dit = DitConfig(
        latent_channels=config.size("io_channels"),
        condition_channels=config.size("cond_token_dim"),
        channels=config.size("embed_dim"),
        heads=config.size("num_heads"),
        depth=config.size("depth"),
    )
    _expect_at_most(f"{config.name}.depth", MAX_DEPTH, dit.depth)
    _expect_at_most(f"{config.name}: channels", MAX_CHANNELS, dit.channels, dit.condition_channels)
    config.must("global_cond_dim", dit.condition_channels)
    config.end()
    if dit.channels % dit.heads or dit.rotary_channels > dit.head_channels or dit.rotary_channels % 2:
        raise ModelFilesError(
            f"{config.name}: no {dit.heads} heads of {MIN_ROTARY_CHANNELS} channels or more make {dit.channels}"
        )
    return dit


def _expect_at_most(what: str, limit: int, *values: int) -> None:
    if max(values) > limit:
        raise ModelFilesError(f"{what}: at most {limit}, got {max(values)}")


_REQUIRED = object()


class _Section:
    """One object of the JSON; every key must be asked for before its end."""

    def __init__(self, name: str, content: object) -> None:
        if not isinstance(content, Mapping):
            raise ModelFilesError(f"{name or 'the file'}: not an object")
        self.name = name
        self._left: dict[str, Any] = dict(content)

    def _called(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def take(self, key: str, absent: object = _REQUIRED) -> Any:
        """Return what stands at a key, or else `absent`."""
        value = self._left.pop(key, absent)
        if value is _REQUIRED:
            raise ModelFilesError(f"{self._called(key)}: missing")
        return value

    def ignore(self, *keys: str) -> None:
        """Pass over keys that change nothing here."""
        for key in keys:
            self._left.pop(key, None)

    def must(self, key: str, only: object, absent: object = _REQUIRED) -> None:
        """Refuse any value but one; an absent key means `absent`."""
        value = self.take(key, absent)
        if value != only:
            raise ModelFilesError(f"{self._called(key)}: only {only!r} is known, got {value!r}")

    def size(self, key: str, absent: object = _REQUIRED) -> int:
        """Return a whole number above zero."""
        return self._size(self._called(key), self.take(key, absent))

    def sizes(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers above zero."""
        values = self.take(key)
        if not isinstance(values, list) or not values:
            raise ModelFilesError(f"{self._called(key)}: a list of whole numbers, got {values!r}")
        return tuple(self._size(self._called(key), value) for value in values)

    @staticmethod
    def _size(called: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_WHOLE:
            raise ModelFilesError(f"{called}: a whole number above 0 and at most {MAX_WHOLE}, got {value!r}")
        return value

    def number(self, key: str, absent: object = _REQUIRED) -> float:
        """Return a finite number."""
        value = self.take(key, absent)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise ModelFilesError(f"{self._called(key)}: a number, got {value!r}")
        return float(value)

    def section(self, key: str) -> "_Section":
        """Return the object at a key."""
        return _Section(self._called(key), self.take(key))

    def end(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            unknown = ", ".join(self._called(key) for key in sorted(self._left)[:5])
            raise ModelFilesError(f"not known: {unknown}")
