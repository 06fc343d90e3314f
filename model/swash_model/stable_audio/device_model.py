"""A model on an accelerator: the networks as they are written down, moved there."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from swash_model.stable_audio.conditioner import Condition
from swash_model.stable_audio.model import RunningModel, StableAudio, Velocity, guided
from swash_model.stable_audio.oobleck import Posterior, posterior
from swash_model.stable_audio.precision import Forms

RING_CONTEXT = 12  # latents on each side of a ring: the decoder reaches ten


class DeviceStableAudio(RunningModel):
    """The same sounds as a StableAudio makes, by another device.

    Noise is drawn on the CPU, so that a seed is one sound on both, but for rounding. `compiled` fuses the
    passes, which takes a minute at first.
    """

    def __init__(self, plain: StableAudio, device: str, forms: Forms, *, compiled: bool) -> None:
        super().__init__(plain.config, plain.conditioner)
        self.forms = forms
        self.chosen = [f"everything: torch on {device}"]
        self._device = torch.device(device)
        self._dit, self._encoder, self._decoder = (
            self._there(network, compiled=compiled) for network in (plain.dit, plain.encoder, plain.decoder)
        )

    def velocity(self, conditions: Sequence[Condition], guidance: float) -> Velocity:
        """Return what leads towards the first condition, and away from the second if there is one."""
        there = [Condition(*(part.to(self._device) for part in condition)) for condition in conditions]

        def velocity(latents: Tensor, sigma: float) -> Tensor:
            t = latents.new_full((len(latents),), sigma)
            towards, *away = (self._run(self._dit, latents, t, each.rows, each.overall) for each in there)
            return guided(towards, away[0], guidance) if away else towards

        return velocity

    def encode(self, audio: Tensor) -> Posterior:
        """Return where the latents of audio lie, shape (batch, channels, a multiple of the ratio)."""
        return posterior(self._run(self._encoder, audio))

    def decode(self, latents: Tensor) -> Tensor:
        """Return audio, shape (batch, channels, frames); peaks above 1 occur."""
        return self._run(self._decoder, latents)

    def decoded(self, latents: Tensor, latent_frames: int) -> Iterator[Tensor]:
        """Yield audio (frames, channels) of the first of latents (latent_channels, all): here, all in one."""
        yield self.decode(latents[None])[0].T[: latent_frames * self.config.ratio]

    def turn(self, ring: Tensor) -> Iterator[Tensor]:
        """Yield audio (frames, channels) of one turn of a ring of latents."""
        length, ratio = ring.shape[1], self.config.ratio
        places = torch.arange(-RING_CONTEXT, length + RING_CONTEXT) % length
        audio = self.decode(ring[None, :, places])[0].T
        yield audio[RING_CONTEXT * ratio : (RING_CONTEXT + length) * ratio]

    def _there(self, network: nn.Module, *, compiled: bool) -> Any:
        network = network.to(self._device)
        return torch.compile(network) if compiled else network

    def _run(self, network: Any, *given: Tensor) -> Tensor:
        """Return what a network makes on the device, here and in float32."""
        # Autocast keeps norms, angles and the residual stream in float32, where bfloat16 would be heard.
        reduced = self.forms.dit == torch.bfloat16
        with torch.autocast(self._device.type, torch.bfloat16, enabled=reduced):
            made: Tensor = network(*(each.to(self._device) for each in given))
        return made.float().cpu()
