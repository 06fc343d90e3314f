"""The autoencoder: a waveform to latents and back, by strided convolutions.

The numbering of the modules is that of the published weights, whose weight normalisation is folded at load.
"""

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from swash_model.stable_audio.config import OobleckConfig

DILATIONS = (1, 3, 9)
TINY = 1e-9  # keeps the snake's division finite
LEAST_DEVIATION = 1e-4


class Snake(nn.Module):
    """x + sin(ax)^2 / b: a bend that repeats, so that what is periodic stays so. Stored as logarithms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(channels))
        self.beta = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Bend each channel, shape (batch, channels, frames)."""
        a, b = self.alpha.exp()[:, None], self.beta.exp()[:, None]  # (channels, 1)
        return x + (a * x).sin().square() / (b + TINY)


class Residual(nn.Module):
    """A look around, as wide as its dilation, added to what came."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Snake(channels),
            nn.Conv1d(channels, channels, 7, dilation=dilation, padding=3 * dilation),
            Snake(channels),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, frames), as given."""
        y: Tensor = x + self.layers(x)
        return y


class Down(nn.Module):
    """A block of the encoder: fewer frames, more channels."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(Residual(in_channels, dilation) for dilation in DILATIONS),
            Snake(in_channels),
            nn.Conv1d(in_channels, out_channels, 2 * stride, stride, padding=-(-stride // 2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, out_channels, frames / stride)."""
        y: Tensor = self.layers(x)
        return y


class Up(nn.Module):
    """A block of the decoder: more frames, fewer channels."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Snake(in_channels),
            nn.ConvTranspose1d(in_channels, out_channels, 2 * stride, stride, padding=-(-stride // 2)),
            *(Residual(out_channels, dilation) for dilation in DILATIONS),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, out_channels, frames * stride)."""
        y: Tensor = self.layers(x)
        return y


class Encoder(nn.Module):
    """A waveform to the mean and raw deviation of its latents."""

    def __init__(self, config: OobleckConfig) -> None:
        super().__init__()
        blocks = zip(itertools.pairwise(config.channels), config.strides, strict=True)
        first, last = config.channels[0], config.channels[-1]
        self.layers = nn.Sequential(
            nn.Conv1d(config.audio_channels, first, 7, padding=3),
            *(Down(lower, upper, stride) for (lower, upper), stride in blocks),
            Snake(last),
            nn.Conv1d(last, config.latent_channels, 3, padding=1),
        )

    def forward(self, audio: Tensor) -> Tensor:
        """Return (batch, 2 * latent_channels, latent_frames) of audio (batch, audio_channels, frames)."""
        encoded: Tensor = self.layers(audio)
        return encoded


class Decoder(nn.Module):
    """Latents to a waveform, which nothing holds below 1."""

    def __init__(self, config: OobleckConfig) -> None:
        super().__init__()
        blocks = zip(itertools.pairwise(config.channels[::-1]), config.strides[::-1], strict=True)
        first, last = config.channels[-1], config.channels[0]
        self.layers = nn.Sequential(
            nn.Conv1d(config.latent_channels, first, 7, padding=3),
            *(Up(upper, lower, stride) for (upper, lower), stride in blocks),
            Snake(last),
            nn.Conv1d(last, config.audio_channels, 7, padding=3, bias=False),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Return audio (batch, audio_channels, frames) of latents (batch, latent_channels, latent_frames)."""
        audio: Tensor = self.layers(latents)
        return audio


class Posterior(NamedTuple):
    """Where the latents of a waveform lie: each (batch, latent_channels, latent_frames)."""

    mean: Tensor
    deviation: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Return latents, given unit noise."""
        return self.mean + self.deviation * noise


def posterior(encoded: Tensor) -> Posterior:
    """Return what the encoder's output means."""
    mean, raw = encoded.chunk(2, dim=1)
    return Posterior(mean, functional.softplus(raw) + LEAST_DEVIATION)
