"""What a precision costs on the weights at hand, as a number."""

from collections.abc import Sequence

import torch
from torch import Tensor

from swash_model.stable_audio.model import Model, Options, Sound

SOUNDS = [Sound("distant thunder over a field", 6.0, 1), Sound("", 3.0, 2)]
SIGMAS = (1.0, 0.75, 0.3)  # pure noise, the middle of the schedule, near its end
LATENT_FRAMES = 48  # enough to see, and no second is lost at every start
STEP_LIMIT = 0.2  # of `fast`: twice what random weights show; beyond, the weights are not fit for int8


def relative_error(made: Tensor, exact: Tensor) -> float:
    """Return the length of the difference against the length of what is exact."""
    return float((made - exact).norm() / exact.norm())


@torch.inference_mode()
def step_error(model: Model, exact: Model, sounds: Sequence[Sound] = SOUNDS) -> float:
    """Return the largest relative error of the velocity at three noise levels, a step each."""
    channels = model.config.dit.latent_channels
    frames = min(LATENT_FRAMES, model.config.latent_frames)
    latents = torch.randn(len(sounds), channels, frames, generator=torch.Generator().manual_seed(0))
    made, right = (each.velocity(each.conditions(sounds, Options()), 1.0) for each in (model, exact))
    return max(relative_error(made(latents, sigma), right(latents, sigma)) for sigma in SIGMAS)
