"""The schedule falls, and the sampler finds what the network knows."""

import itertools

import pytest

pytest.importorskip("torch")

import torch

from swash_model.stable_audio.limits import MIN_SIGMA
from swash_model.stable_audio.sampler import Noise, ping_pong, schedule


def test_eight_steps_are_those_of_the_published_model() -> None:
    published = [1.0, 0.993307, 0.982014, 0.952574, 0.880797, 0.731059, 0.5, 0.268941, 0.0]
    assert schedule(8, 1.0) == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize("sigma_max", [MIN_SIGMA, 0.3, 0.7, 0.99, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 8, 50])
def test_every_schedule_falls_from_the_start_to_zero(steps: int, sigma_max: float) -> None:
    sigmas = schedule(steps, sigma_max)
    assert len(sigmas) == steps + 1
    assert (sigmas[0], sigmas[-1]) == (sigma_max, 0.0)
    assert all(sigma > next_sigma for sigma, next_sigma in itertools.pairwise(sigmas))


def test_a_network_that_knows_the_sound_leads_to_it() -> None:
    sound = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(1))
    noise = Noise([2, 3])
    steps = list(
        ping_pong(
            lambda latents, sigma: (latents - sound) / sigma,
            noise.draw(4, 6),
            schedule(8, 1.0),
            lambda: noise.draw(4, 6),
        )
    )
    assert len(steps) == 8
    torch.testing.assert_close(steps[-1], sound, atol=1e-5, rtol=0.0)


def test_noise_is_one_items_own() -> None:
    together, alone = Noise([7, 8, 2**32 - 1]), Noise([8])
    for channels, frames in ((4, 6), (1, 3), (4, 6)):
        drawn = together.draw(channels, frames)
        torch.testing.assert_close(drawn[1:2], alone.draw(channels, frames), atol=0.0, rtol=0.0)
