"""What a prompt and a length mean to the transformer: a row for each token, and one for the seconds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import T5EncoderModel

from swash_model.stable_audio.config import ConditionerConfig

FOURIER_CHANNELS = 256  # sines and cosines of the seconds; the reference has no other


class Tokens(NamedTuple):
    """Prompts as numbers."""

    ids: Tensor  # (batch, tokens)
    mask: Tensor  # (batch, tokens): 1 for a token, its end included, 0 for padding


class Condition(NamedTuple):
    """What the transformer is told about each sound."""

    rows: Tensor  # (batch, tokens + 1, channels): the prompt, then the seconds
    overall: Tensor  # (batch, channels): the seconds alone


class LearnedFourier(nn.Module):
    """A number and its sines and cosines at learned frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.empty(FOURIER_CHANNELS // 2))

    def forward(self, number: Tensor) -> Tensor:
        """Return features, shape (batch, 257), of numbers, shape (batch, 1)."""
        angles = 2 * math.pi * number * self.weights  # (batch, 128)
        return torch.cat([number, angles.sin(), angles.cos()], dim=-1)


class SecondsEmbedder(nn.Module):
    """Seconds to one row."""

    def __init__(self, config: ConditionerConfig) -> None:
        super().__init__()
        self.min_seconds, self.max_seconds = config.min_seconds, config.max_seconds
        self.embedding = nn.Sequential(LearnedFourier(), nn.Linear(FOURIER_CHANNELS + 1, config.channels))

    def forward(self, seconds: Tensor) -> Tensor:
        """Return rows, shape (batch, channels), of seconds, shape (batch,), clamped to what was trained."""
        clamped = seconds.clamp(self.min_seconds, self.max_seconds)
        share = (clamped - self.min_seconds) / (self.max_seconds - self.min_seconds)
        rows: Tensor = self.embedding(share[:, None])
        return rows


class Conditioner:
    """Prompts and seconds to a Condition. It changes the tokenizer it is given: its length and padding."""

    def __init__(
        self, config: ConditionerConfig, tokenizer: Tokenizer, t5: T5EncoderModel, seconds: SecondsEmbedder
    ) -> None:
        tokenizer.enable_truncation(config.prompt_tokens)  # the end token always stays
        tokenizer.enable_padding(length=config.prompt_tokens, pad_id=t5.config.pad_token_id)
        self.tokenizer, self.t5, self.seconds = tokenizer, t5, seconds

    def tokens(self, prompts: Sequence[str]) -> Tokens:
        """Return the tokens of some prompts; an empty one is its end alone."""
        encoded = self.tokenizer.encode_batch(list(prompts))
        return Tokens(
            torch.tensor([each.ids for each in encoded]),
            torch.tensor([each.attention_mask for each in encoded]),
        )

    def truncates(self, prompt: str) -> bool:
        """Return whether a prompt is longer than what is read of it."""
        return bool(self.tokenizer.encode(prompt).overflowing)

    def read(self, tokens: Tokens) -> Tensor:
        """Return what T5 makes of some tokens, shape (batch, tokens, channels), padding and all."""
        hidden: Tensor = self.t5(input_ids=tokens.ids, attention_mask=tokens.mask).last_hidden_state
        return hidden

    def prompt_rows(self, prompts: Sequence[str]) -> Tensor:
        """Return the rows of some prompts, shape (batch, tokens, channels): zeros where there is padding."""
        tokens = self.tokens(prompts)
        return self.read(tokens) * tokens.mask[..., None]

    def __call__(self, prompts: Sequence[str], seconds: Sequence[float]) -> Condition:
        """Return the condition of some prompts and as many lengths."""
        length: Tensor = self.seconds(torch.tensor(seconds, dtype=torch.float32))  # (batch, channels)
        return Condition(torch.cat([self.prompt_rows(prompts), length[:, None]], dim=1), length)
