"""A model as it runs: packed weights, remembered prompts, audio a window at a time."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import cast

import torch
from cachetools import LRUCache
from torch import Tensor, nn

from swash_model.stable_audio.conditioner import Condition, Tokens
from swash_model.stable_audio.fast_dit import FastDit
from swash_model.stable_audio.fast_oobleck import FastDecoder, FastEncoder, Window, windows
from swash_model.stable_audio.model import RunningModel, StableAudio, Velocity, guided
from swash_model.stable_audio.oobleck import Encoder, Posterior, posterior
from swash_model.stable_audio.operators import Operators
from swash_model.stable_audio.pointwise import Pointwise
from swash_model.stable_audio.precision import Forms

REMEMBERED_PROMPTS = 512  # 60 KiB each at most, of the published model


class FastStableAudio(RunningModel):
    """The same sounds as a StableAudio makes, sooner; for one thread at a time.

    It takes over the T5 of the plain model, which is of no use afterwards. The encoder, which few sounds need, is
    asked for when the first of them comes.
    """

    def __init__(
        self,
        plain: StableAudio,
        forms: Forms,
        encoder: Callable[[], Encoder],
        *,
        compiled: bool,
        packed: bool = True,
    ) -> None:
        super().__init__(plain.config, plain.conditioner)
        self.forms = forms
        self._pointwise = Pointwise(compiled=compiled)
        self.operators = {form: Operators(form, plain=not packed) for form in (forms.dit, forms.autoencoder)}
        self._dit = FastDit(plain.dit, self.operators[forms.dit], self._pointwise)
        self._coder = self.operators[forms.autoencoder]
        self._decoder = FastDecoder(plain.decoder, plain.config.decoder, self._coder, self._pointwise)
        every = (each.chosen.items() for each in self.operators.values())
        self.chosen = sorted(f"{shape}: {kind}" for chosen in every for shape, kind in chosen)
        self._ask_encoder = encoder
        self._encoder: FastEncoder | None = None
        self._rows: LRUCache[str, Tensor] = LRUCache(REMEMBERED_PROMPTS)
        self.conditioner.seconds = deepcopy(plain.conditioner.seconds)  # the last that would keep the file mapped
        cast(nn.Module, self.conditioner.t5).to(forms.t5)

    def condition(self, prompts: Sequence[str], seconds: Sequence[float]) -> Condition:
        """Return what the transformer is told about some sounds; a prompt is read once."""
        # One at a time, as in FastDit.read: products of so few rows differ in their last bits by how many they
        # are, and a sound shall not depend on its neighbours.
        length = torch.cat([self.conditioner.seconds(torch.tensor([float(each)])) for each in seconds])
        rows = torch.stack([self._rows_of(prompt) for prompt in prompts])
        return Condition(torch.cat([rows, length[:, None]], dim=1), length)

    def velocity(self, conditions: Sequence[Condition], guidance: float) -> Velocity:
        """Return what leads towards the first condition, and away from the second if there is one."""
        contexts = [self._dit.read(condition) for condition in conditions]

        def velocity(latents: Tensor, sigma: float) -> Tensor:
            towards, *away = (self._dit(latents, [sigma] * len(latents), context) for context in contexts)
            return guided(towards, away[0], guidance) if away else towards

        return velocity

    def encode(self, audio: Tensor) -> Posterior:
        """Return where the latents of audio lie, shape (batch, channels, a multiple of the ratio)."""
        if self._encoder is None:
            self._encoder = FastEncoder(self._ask_encoder(), self.config.encoder, self._coder, self._pointwise)
        return posterior(torch.cat([self._encoder(each) for each in audio[:, None]]))

    def decode(self, latents: Tensor) -> Tensor:
        """Return audio, shape (batch, channels, frames); peaks above 1 occur."""
        return torch.cat([self._decoder(each) for each in latents[:, None]])

    def decoded(self, latents: Tensor, latent_frames: int) -> Iterator[Tensor]:
        """Yield audio (frames, channels), window by window, of the first of latents (latent_channels, all)."""
        yield from self._decoder.windows(latents, windows(0, latent_frames))

    def turn(self, ring: Tensor) -> Iterator[Tensor]:
        """Yield audio (frames, channels), window by window, of one turn of a ring of latents."""
        length, context = ring.shape[1], self._decoder.context
        places = torch.arange(-context, length + context) % length
        wanted = (Window(start, stop) for start, stop in windows(context, context + length))
        yield from self._decoder.windows(ring[:, places], wanted)

    def _rows_of(self, prompt: str) -> Tensor:
        """Return the rows of a prompt, shape (tokens, channels); reading its padding would change nothing."""
        rows = self._rows.get(prompt)
        if rows is None:
            ids, mask = self.conditioner.tokens([prompt])
            length = int(mask.sum())
            read = self.conditioner.read(Tokens(ids[:, :length], mask[:, :length]))[0].float()
            rows = self._rows[prompt] = torch.nn.functional.pad(read, (0, 0, 0, ids.shape[1] - length))
        return rows
