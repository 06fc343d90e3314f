"""From noise to latents: denoise all the way, noise again to the next level, repeat."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

HIGHEST_LOGSNR = 2.0  # the last level before 0 is sigmoid(-2), 0.12
LOWEST_LOGSNR = -6.0  # of pure noise
GOLDEN_RATIO = (1.0 + math.sqrt(5.0)) / 2.0  # its multiples fall nowhere twice


class Noise:
    """Unit noise for several sounds, each from a generator of its own: its neighbours change nothing."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw(self, channels: int, frames: int) -> Tensor:
        """Return the next noise, shape (batch, channels, frames)."""
        return torch.stack([torch.randn(channels, frames, generator=each) for each in self._generators])


def mix(clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Return latents at a noise level: 0 is the sound, 1 is noise alone."""
    return (1.0 - sigma) * clean + sigma * noise


def schedule(steps: int, sigma_max: float) -> list[float]:
    """Return the noise levels of so many steps and of their end: `sigma_max` down to 0."""
    lowest = LOWEST_LOGSNR if sigma_max >= 1.0 else math.log((1.0 - sigma_max) / sigma_max + 1e-6)
    inner = torch.linspace(lowest, HIGHEST_LOGSNR, steps + 1).neg().sigmoid()[1:-1]
    return [sigma_max, *inner.tolist(), 0.0]


def ping_pong(
    velocity: Callable[[Tensor, float], Tensor],
    latents: Tensor,
    sigmas: Sequence[float],
    fresh: Callable[[], Tensor],
) -> Iterator[Tensor]:
    """Yield the latents, shape as given, after each step; the last are the sound's.

    `velocity(latents, sigma)` leads from the sound to the noise; `fresh()` is unit noise of the same shape.
    Stop between steps by closing the iterator.
    """
    for sigma, next_sigma in itertools.pairwise(sigmas):
        clean = latents - sigma * velocity(latents, sigma)
        # Drawn at the last step too, as the reference does, where it weighs nothing.
        latents = mix(clean, fresh(), next_sigma)
        yield latents


def around(velocity: Callable[[Tensor, float], Tensor], window: int) -> Callable[[Tensor, float], Tensor]:
    """Return the velocity on a ring, given that of `window` latents in a row.

    The ring is unrolled into the window as often as it fits, from another place at every step, so that the place
    where its end meets its beginning is sooner or later in the middle of what the network sees. Where a latent
    stands in the window more than once, what was said of it near the middle weighs more.
    """
    steps = itertools.count()

    def on_ring(ring: Tensor, sigma: float) -> Tensor:
        length = ring.shape[2]
        start = round(next(steps) * length / GOLDEN_RATIO) % length
        places = (start + torch.arange(max(window, length))) % length
        said = velocity(ring[:, :, places], sigma)
        weight = (torch.arange(len(places)).add(0.5).mul(math.pi / len(places)).sin() ** 2).to(said)
        total = torch.zeros_like(ring).index_add_(2, places, said * weight)
        return total / torch.zeros(length).to(said).index_add_(0, places, weight)

    return on_ring
