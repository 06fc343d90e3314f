"""The autoencoder as it runs: oobleck.py's, in rows (positions, channels), a window at a time.

A window is what is heard next, with as much on both sides as the convolutions reach: the same samples as of all at
once, but for the last bits. So the first audio leaves early, memory stays bounded, and what nobody wants is not
made.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from swash_model.stable_audio import oobleck
from swash_model.stable_audio.config import OobleckConfig
from swash_model.stable_audio.limits import FIRST_WINDOW
from swash_model.stable_audio.oobleck import DILATIONS, TINY
from swash_model.stable_audio.operators import Operators
from swash_model.stable_audio.pointwise import Pointwise

WINDOW = 24  # latents: 16 take 7 % longer, 48 are no faster and take 250 MiB more
EDGE_REACH = 3  # rows each way, of the first and the last convolution
RESIDUAL_REACH = 3 * sum(DILATIONS)  # rows each way, of a block's three


def _modules(sequential: nn.Sequential) -> list[Any]:
    """Return modules whose types only their places tell."""
    return list(sequential)


class FastSnake:
    """x + sin(ax)^2 / b on rows."""

    def __init__(self, snake: oobleck.Snake, pointwise: Pointwise) -> None:
        self._a, self._inverse_b = snake.alpha.exp(), 1.0 / (snake.beta.exp() + TINY)
        self._bend = pointwise.snake

    def __call__(self, x: Tensor) -> Tensor:
        """Bend each channel."""
        return self._bend(x, self._a, self._inverse_b)


class FastConv:
    """A convolution, strided or dilated."""

    def __init__(self, conv: nn.Conv1d, operators: Operators) -> None:
        self._run = operators.conv(
            conv.weight,
            conv.bias,
            stride=conv.stride[0],
            padding=int(conv.padding[0]),
            dilation=conv.dilation[0],
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Return (about positions / stride, out_channels)."""
        return self._run(x)


class FastResidual:
    """A look around, added to what came."""

    def __init__(self, residual: oobleck.Residual, operators: Operators, pointwise: Pointwise) -> None:
        before, wide, between, narrow = _modules(residual.layers)
        self._before, self._between = FastSnake(before, pointwise), FastSnake(between, pointwise)
        self._wide = FastConv(wide, operators)
        self._narrow = operators.linear(narrow.weight[:, :, 0], narrow.bias, exactly=True)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (positions, channels), as given."""
        return self._narrow.added(self._between(self._wide(self._before(x))), x)


class FastUp:
    """A block of the decoder: one product with all taps of the transposed convolution, overlapped and added."""

    def __init__(self, block: oobleck.Up, operators: Operators, pointwise: Pointwise) -> None:
        snake, up, *residuals = _modules(block.layers)
        self._snake = FastSnake(snake, pointwise)
        self._out_channels, self._width = up.weight.shape[1:]
        taps = up.weight.permute(2, 1, 0).reshape(self._width * self._out_channels, -1)
        self._spread = operators.linear(taps.contiguous(), exactly=True)
        self._bias, self._stride, self._padding = up.bias.clone(), up.stride[0], up.padding[0]
        self._overlap_add = pointwise.overlap_add
        self._residuals = [FastResidual(each, operators, pointwise) for each in residuals]

    def __call__(self, x: Tensor) -> Tensor:
        """Return (positions * stride, out_channels)."""
        spread = self._spread(self._snake(x)).view(len(x), self._width, self._out_channels)
        x = self._overlap_add(spread, self._bias, self._stride, self._padding)
        for residual in self._residuals:
            x = residual(x)
        return x


class FastDown:
    """A block of the encoder."""

    def __init__(self, block: oobleck.Down, operators: Operators, pointwise: Pointwise) -> None:
        *residuals, snake, down = _modules(block.layers)
        self._residuals = [FastResidual(each, operators, pointwise) for each in residuals]
        self._snake, self._down = FastSnake(snake, pointwise), FastConv(down, operators)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (positions / stride, out_channels)."""
        for residual in self._residuals:
            x = residual(x)
        return self._down(self._snake(x))


class Window(NamedTuple):
    """Latents from `start` to `stop`."""

    start: int
    stop: int


def windows(start: int, stop: int, *, first: int = FIRST_WINDOW, size: int = WINDOW) -> Iterator[Window]:
    """Yield the windows from `start` to `stop`: a short one, so that something is heard soon, then long ones."""
    while start < stop:
        end = min(start + first, stop)
        yield Window(start, end)
        start, first = end, size


class FastDecoder:
    """Latents to a waveform, in two parts: the first, a ninth of the work, reaches far, the second a latent."""

    def __init__(
        self, decoder: oobleck.Decoder, config: OobleckConfig, operators: Operators, pointwise: Pointwise
    ) -> None:
        first, *blocks, snake, last = _modules(decoder.layers)
        self._first = FastConv(first, operators)
        self._blocks = [FastUp(block, operators, pointwise) for block in blocks]
        self._snake, self._last = FastSnake(snake, pointwise), FastConv(last, operators)
        self._floats = operators.floats
        strides = config.strides[::-1]
        self._rows, self._ratio = strides[0], math.prod(strides)  # of a latent: after the first part, in the end
        self._halo = math.ceil(_reach_of_ups(strides[1:]) + Fraction(EDGE_REACH * self._rows, self._ratio))  # rows
        self.context = math.ceil(
            EDGE_REACH + _reach_of_ups(strides[:1]) + Fraction(self._halo, self._rows)
        )  # latents

    def __call__(self, latents: Tensor) -> Tensor:
        """Return audio (1, audio_channels, frames) of latents (1, latent_channels, latent_frames), in one."""
        parts = list(self.windows(latents[0], windows(0, latents.shape[2])))
        return torch.cat(parts).T[None]

    def windows(self, latents: Tensor, wanted: Iterable[Window]) -> Iterator[Tensor]:
        """Yield audio (frames, audio_channels) of each window of latents (latent_channels, latent_frames).

        The windows follow on one another.
        """
        rows = latents.T.to(self._floats).contiguous()  # (latent_frames, latent_channels)
        every = list(wanted)
        # What comes first shall not wait for the first part of what follows.
        for part in filter(None, (every[:1], every[1:])):
            around = self._around(rows, part[0].start, part[-1].stop)
            for window in part:
                yield self._audio(around, window)

    def _around(self, rows: Tensor, start: int, stop: int) -> tuple[Tensor, int]:
        """Return the first part's rows for some latents and what they need around them, and their first latent."""
        low, high = max(0, start - self.context), min(len(rows), stop + self.context)
        return self._first_part(rows[low:high]), low

    def _audio(self, around: tuple[Tensor, int], window: Window) -> Tensor:
        rows, latent = around
        start, stop = ((at - latent) * self._rows for at in window)
        low, high = max(0, start - self._halo), min(len(rows), stop + self._halo)
        audio = self._second_part(rows[low:high])
        frames = self._ratio // self._rows  # of a row
        return audio[(start - low) * frames : (stop - low) * frames].float()

    def _first_part(self, rows: Tensor) -> Tensor:
        return self._blocks[0](self._first(rows))

    def _second_part(self, rows: Tensor) -> Tensor:
        for block in self._blocks[1:]:
            rows = block(rows)
        return self._last(self._snake(rows))


class FastEncoder:
    """A waveform to the mean and raw deviation of its latents."""

    def __init__(
        self, encoder: oobleck.Encoder, config: OobleckConfig, operators: Operators, pointwise: Pointwise
    ) -> None:
        first, *blocks, snake, last = _modules(encoder.layers)
        self._first = FastConv(first, operators)
        self._blocks = [FastDown(block, operators, pointwise) for block in blocks]
        self._snake, self._last = FastSnake(snake, pointwise), FastConv(last, operators)
        self._floats = operators.floats
        self._ratio = math.prod(config.strides)
        reach, frames = EDGE_REACH, 1
        for stride in config.strides:
            reach, frames = reach + (RESIDUAL_REACH + stride) * frames, frames * stride
        self.context = math.ceil(Fraction(reach, self._ratio)) + 1  # latents; one for the last convolution

    def __call__(self, audio: Tensor) -> Tensor:
        """Return (1, 2 * latent_channels, latent_frames) of audio (1, audio_channels, frames)."""
        rows = audio[0].T.to(self._floats).contiguous()  # (frames, audio_channels)
        latent_frames = len(rows) // self._ratio
        parts = [self._encoded(rows, window) for window in windows(0, latent_frames, first=WINDOW)]
        return torch.cat(parts).T[None]

    def _encoded(self, rows: Tensor, window: Window) -> Tensor:
        """Return (latent_frames, 2 * latent_channels) of one window."""
        low, high = max(0, window.start - self.context), window.stop + self.context
        encoded = self._first(rows[low * self._ratio : high * self._ratio])
        for block in self._blocks:
            encoded = block(encoded)
        return self._last(self._snake(encoded))[window.start - low : window.stop - low].float()


def _reach_of_ups(strides: tuple[int, ...]) -> Fraction:
    """Return how far blocks of the decoder reach, in rows of what they are given."""
    reach, rows = Fraction(0), 1
    for stride in strides:
        reach += Fraction(1, rows)  # the transposed convolution: its neighbour
        rows *= stride
        reach += Fraction(RESIDUAL_REACH, rows)
    return reach
