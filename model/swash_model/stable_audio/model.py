"""Words and seconds to latents to a waveform: the networks put together."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from swash_model.errors import InvalidAskError
from swash_model.stable_audio import weights
from swash_model.stable_audio.conditioner import Condition, Conditioner, SecondsEmbedder
from swash_model.stable_audio.config import Config, read_config
from swash_model.stable_audio.dit import DiffusionTransformer
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.limits import DEFAULT_STEPS, MAX_STEPS, MIN_SIGMA
from swash_model.stable_audio.oobleck import Decoder, Encoder, Posterior, posterior
from swash_model.stable_audio.precision import Forms
from swash_model.stable_audio.sampler import Noise, around, mix, ping_pong, schedule
from swash_model.stable_audio.shapes import DECODER, DIT, ENCODER, SECONDS


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound of a batch. The weights know 1 to 11 whole seconds best."""

    prompt: str
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Start:
    """Audio to begin with, shape (channels, frames) at the model's rate; a `noise_level` of 1 drowns it.

    `known` is where its latents lie, if it was encoded before.
    """

    audio: Tensor
    noise_level: float
    known: Posterior | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is made.

    `latent_frames` None is the length of the training; others are faster or slower, and untried.
    `guidance` is how many times as far to go from the negative prompt, or from none, as the prompt is: the
    published weights want 1, which does without. With `ring_frames` the latents are a ring of so many, whose end
    goes over into its beginning.
    """

    steps: int = DEFAULT_STEPS
    latent_frames: int | None = None
    ring_frames: int | None = None
    guidance: float = 1.0
    negative_prompt: str | None = None
    start: Start | None = None


PLAIN = Options()


Velocity: TypeAlias = Callable[[Tensor, float], Tensor]
"""What leads a sampler: latents (batch, latent_channels, latent_frames) at a noise level to their velocity."""


class Model(ABC):
    """How a sound is made, whatever runs the networks."""

    def __init__(self, config: Config, conditioner: Conditioner) -> None:
        self.config, self.conditioner = config, conditioner

    @abstractmethod
    def velocity(self, conditions: Sequence[Condition], guidance: float) -> Velocity:
        """Return what leads towards the first condition, and away from the second if there is one."""

    @abstractmethod
    def encode(self, audio: Tensor) -> Posterior:
        """Return where the latents of audio lie, shape (batch, channels, a multiple of the ratio)."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """Return audio, shape (batch, channels, frames); peaks above 1 occur."""

    def generate(self, sounds: Sequence[Sound], options: Options = PLAIN) -> Tensor:
        """Return audio, shape (batch, channels, frames), of full length: each sound lies at its beginning."""
        *_, latents = self.sample(sounds, options)
        return self.decode(latents)

    def sample(self, sounds: Sequence[Sound], options: Options = PLAIN) -> Iterator[Tensor]:
        """Yield latents, shape (batch, latent_channels, latent_frames), after each step; the last are done.

        Raise InvalidAskError if an option is out of its range.
        """
        steps, start = options.steps, options.start
        if not 1 <= steps <= MAX_STEPS:
            raise InvalidAskError("steps", f"1 to {MAX_STEPS}, got {steps}")
        if start is not None and not MIN_SIGMA <= start.noise_level <= 1.0:
            raise InvalidAskError("noise_level", f"{MIN_SIGMA} to 1, got {start.noise_level}")
        window = options.latent_frames or self.config.latent_frames
        frames = options.ring_frames or window
        channels = self.config.dit.latent_channels

        # The order of these draws is the reference's: one seed, one sound, here and there.
        noise = Noise([sound.seed for sound in sounds])
        latents, sigma_max = noise.draw(channels, frames), 1.0
        if start is not None:
            sigma_max = start.noise_level
            origin = start.known or self.encode(self.fit(start.audio, frames))
            latents = mix(origin.sample(noise.draw(channels, frames)), latents, sigma_max)

        velocity = self.velocity(self.conditions(sounds, options), options.guidance)
        if options.ring_frames:
            velocity = around(velocity, window)
        yield from ping_pong(velocity, latents, schedule(steps, sigma_max), lambda: noise.draw(channels, frames))

    def conditions(self, sounds: Sequence[Sound], options: Options) -> list[Condition]:
        """Return what to go towards and, if there is guidance, what to go away from."""
        seconds = [sound.seconds for sound in sounds]
        wanted = self.condition([sound.prompt for sound in sounds], seconds)
        if options.guidance == 1.0:
            return [wanted]
        return [wanted, self.unwanted(wanted, seconds, options.negative_prompt)]

    def condition(self, prompts: Sequence[str], seconds: Sequence[float]) -> Condition:
        """Return what the transformer is told about some sounds."""
        return self.conditioner(prompts, seconds)

    def unwanted(self, wanted: Condition, seconds: Sequence[float], negative_prompt: str | None) -> Condition:
        """Return what guidance leads away from: the negative prompt, or nothing at all, of the same length."""
        if negative_prompt is None:
            return wanted._replace(rows=torch.zeros_like(wanted.rows))
        negative = self.condition([negative_prompt] * len(seconds), seconds)
        return wanted._replace(rows=negative.rows)

    def fit(self, audio: Tensor, latent_frames: int) -> Tensor:
        """Return audio as the encoder takes it, shape (1, channels, latent_frames * ratio).

        One channel becomes all, channels too many are dropped; the end is cut or filled with silence.
        """
        channels, frames = self.config.encoder.audio_channels, latent_frames * self.config.ratio
        audio = audio.expand(channels, -1) if len(audio) == 1 else audio[:channels]
        audio = audio[:, :frames]
        return functional.pad(audio, (0, frames - audio.shape[1]))[None]


class RunningModel(Model):
    """A model as a server runs it. `chosen` says, beside `forms`, what the last bits of a sound depend on."""

    forms: Forms
    chosen: Sequence[str]

    @abstractmethod
    def decoded(self, latents: Tensor, latent_frames: int) -> Iterator[Tensor]:
        """Yield audio (frames, channels), part by part, of the first of latents (latent_channels, all)."""

    @abstractmethod
    def turn(self, ring: Tensor) -> Iterator[Tensor]:
        """Yield audio (frames, channels), part by part, of one turn of a ring of latents."""


class StableAudio(Model):
    """The networks as they are written down, in float32. Nothing changes: any number of threads may use it."""

    def __init__(
        self,
        config: Config,
        conditioner: Conditioner,
        dit: DiffusionTransformer,
        encoder: Encoder,
        decoder: Decoder,
    ) -> None:
        super().__init__(config, conditioner)
        self.dit, self.encoder, self.decoder = dit, encoder, decoder

    def velocity(self, conditions: Sequence[Condition], guidance: float) -> Velocity:
        """Return what leads towards the first condition, and away from the second if there is one."""

        def velocity(latents: Tensor, sigma: float) -> Tensor:
            return self.led(latents, latents.new_full((len(latents),), sigma), conditions, guidance)

        return velocity

    def led(self, latents: Tensor, t: Tensor, conditions: Sequence[Condition], guidance: float) -> Tensor:
        """Return the velocity at noise levels `t` (batch,), led away from the second condition if there is one."""
        towards: Tensor
        towards, *away = (self.dit(latents, t, each.rows, each.overall) for each in conditions)
        return guided(towards, away[0], guidance) if away else towards

    def encode(self, audio: Tensor) -> Posterior:
        """Return where the latents of audio lie, shape (batch, channels, a multiple of the ratio)."""
        return posterior(self.encoder(audio))

    def decode(self, latents: Tensor) -> Tensor:
        """Return audio, shape (batch, channels, frames); peaks above 1 occur."""
        # One at a time: nothing else takes as much memory.
        return torch.cat([self.decoder(each) for each in latents[:, None]])


def guided(towards: Tensor, away: Tensor, guidance: float) -> Tensor:
    """Return a velocity `guidance` times as far from `away` as `towards` is."""
    return away + guidance * (towards - away)


def load(folder: Path, t5_folder: Path | None = None) -> StableAudio:
    """Return the model in a folder; its T5 lies in the folder `t5` there, or elsewhere.

    Raise ModelFilesError, which says what is missing, damaged or of another model.
    """
    if not folder.is_dir():
        raise ModelFilesError(f"{folder}: no such folder")
    config = read_config(folder / "model_config.json")
    with torch.device("meta"):  # shapes alone; the weights take their places
        seconds = SecondsEmbedder(config.conditioner)
        dit = DiffusionTransformer(config.dit)
        encoder, decoder = Encoder(config.encoder), Decoder(config.decoder)
    networks = {DIT: dit, SECONDS: seconds, ENCODER: encoder, DECODER: decoder}
    weights.fill(networks, weights.weights_file(folder))
    tokenizer, t5 = weights.read_t5(t5_folder or folder / "t5", config.conditioner.channels)
    conditioner = Conditioner(config.conditioner, tokenizer, t5, seconds)
    return StableAudio(config, conditioner, dit, encoder, decoder)


def load_encoder(folder: Path) -> Encoder:
    """Return the encoder alone of a model that was loaded before."""
    config = read_config(folder / "model_config.json")
    with torch.device("meta"):
        encoder = Encoder(config.encoder)
    weights.fill_one(ENCODER, encoder, weights.weights_file(folder))
    return encoder
