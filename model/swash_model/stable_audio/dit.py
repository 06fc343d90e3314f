"""The diffusion transformer: latents at a noise level to the velocity towards the sound.

The names of the modules are those of the published weights.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from swash_model.stable_audio.config import DitConfig

TIMESTEP_CHANNELS = 256  # cosines and sines of the noise level; the reference has no other
FEED_FORWARD_MULTIPLE = 4
HEAD_NORM_EPS = 1e-6
ROTARY_BASE = 10_000.0


class TimestepFeatures(nn.Module):
    """The noise level as cosines, then sines, at learned frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(TIMESTEP_CHANNELS // 2, 1))

    def forward(self, t: Tensor) -> Tensor:
        """Return features, shape (batch, 256), of noise levels, shape (batch,)."""
        angles = 2 * math.pi * t[:, None] @ self.weight.T  # (batch, 128)
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class LayerNorm(nn.Module):
    """Layer normalisation whose shift is stored, though it was never trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(channels))
        self.beta: Tensor
        self.register_buffer("beta", torch.empty(channels))

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise the last axis."""
        return functional.layer_norm(hidden, hidden.shape[-1:], self.gamma, self.beta)


class RotaryEmbedding(nn.Module):
    """The angle by which each pair of channels turns at each position."""

    def __init__(self, rotary_channels: int) -> None:
        super().__init__()
        self.inv_freq: Tensor
        powers = torch.arange(0, rotary_channels, 2) / rotary_channels
        self.register_buffer("inv_freq", ROTARY_BASE**-powers)

    def forward(self, positions: int) -> Tensor:
        """Return angles, shape (positions, rotary_channels): every one twice, for both halves."""
        angles = torch.outer(torch.arange(positions).to(self.inv_freq), self.inv_freq)
        return torch.cat([angles, angles], dim=-1)


def rotate(heads: Tensor, angles: Tensor) -> Tensor:
    """Turn the first channels of each head, shape (batch, heads, positions, head_channels), by their position."""
    rotary_channels = angles.shape[-1]
    turning, still = heads[..., :rotary_channels], heads[..., rotary_channels:]
    first, second = turning.chunk(2, dim=-1)
    turned = turning * angles.cos() + torch.cat([-second, first], dim=-1) * angles.sin()
    return torch.cat([turned, still], dim=-1)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return attention of every q to every k, heads merged: shape (batch, positions, channels)."""
    heads = functional.scaled_dot_product_attention(q, k, v)  # (batch, heads, positions, head_channels)
    return heads.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """What self- and cross-attention share."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        self.heads, self.head_channels = config.heads, config.head_channels
        self.to_out = nn.Linear(config.channels, config.channels, bias=False)
        self.q_norm = nn.LayerNorm(config.head_channels, eps=HEAD_NORM_EPS)
        self.k_norm = nn.LayerNorm(config.head_channels, eps=HEAD_NORM_EPS)

    def split(self, merged: Tensor) -> Tensor:
        """Return (batch, heads, positions, head_channels) of (batch, positions, channels)."""
        batch, positions, _ = merged.shape
        return merged.view(batch, positions, self.heads, self.head_channels).transpose(1, 2)


class SelfAttention(Attention):
    """Every frame attends to every other and to the global token; no mask."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__(config)
        self.to_qkv = nn.Linear(config.channels, 3 * config.channels, bias=False)

    def forward(self, hidden: Tensor, angles: Tensor) -> Tensor:
        """Return what each position takes from the others, shape (batch, positions, channels)."""
        q, k, v = (self.split(part) for part in self.to_qkv(hidden).chunk(3, dim=-1))
        q, k = rotate(self.q_norm(q), angles), rotate(self.k_norm(k), angles)
        taken: Tensor = self.to_out(attend(q, k, v))
        return taken


class CrossAttention(Attention):
    """Every position attends to every row of the condition.

    The rows of padding are zeros and are attended to as well: they take part of the weight and give nothing.
    """

    def __init__(self, config: DitConfig) -> None:
        super().__init__(config)
        self.to_q = nn.Linear(config.channels, config.channels, bias=False)
        self.to_kv = nn.Linear(config.channels, 2 * config.channels, bias=False)

    def forward(self, hidden: Tensor, context: Tensor) -> Tensor:
        """Return what each position takes from the context, shape (batch, positions, channels)."""
        q = self.split(self.to_q(hidden))
        k, v = (self.split(part) for part in self.to_kv(context).chunk(2, dim=-1))
        taken: Tensor = self.to_out(attend(self.q_norm(q), self.k_norm(k), v))
        return taken


class GatedLinear(nn.Module):
    """A projection of which one half opens the other."""

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 2 * inner_channels)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the first half times the swish of the second."""
        value, gate = self.proj(hidden).chunk(2, dim=-1)
        opened: Tensor = value * functional.silu(gate)
        return opened


class FeedForward(nn.Module):
    """Each position on its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner_channels = FEED_FORWARD_MULTIPLE * channels
        # The second place is that of dropout.
        self.ff = nn.Sequential(
            GatedLinear(channels, inner_channels), nn.Identity(), nn.Linear(inner_channels, channels)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the change of each position."""
        change: Tensor = self.ff(hidden)
        return change


class Block(nn.Module):
    """Attention to itself, to the condition, and a step alone; each added to what came."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        self.pre_norm = LayerNorm(config.channels)
        self.self_attn = SelfAttention(config)
        self.cross_attend_norm = LayerNorm(config.channels)
        self.cross_attn = CrossAttention(config)
        self.ff_norm = LayerNorm(config.channels)
        self.ff = FeedForward(config.channels)

    def forward(self, hidden: Tensor, context: Tensor, angles: Tensor) -> Tensor:
        """Return hidden, shape (batch, positions, channels), one block on."""
        hidden = hidden + self.self_attn(self.pre_norm(hidden), angles)
        hidden = hidden + self.cross_attn(self.cross_attend_norm(hidden), context)
        hidden = hidden + self.ff(self.ff_norm(hidden))
        return hidden  # noqa: RET504  # three steps alike


class Transformer(nn.Module):
    """The blocks, and the way in and out."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        self.project_in = nn.Linear(config.latent_channels, config.channels, bias=False)
        self.project_out = nn.Linear(config.channels, config.latent_channels, bias=False)
        self.rotary_pos_emb = RotaryEmbedding(config.rotary_channels)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.depth))

    def forward(self, frames: Tensor, context: Tensor, overall: Tensor) -> Tensor:
        """Return frames of the same shape, (batch, latent_frames, latent_channels)."""
        hidden = torch.cat([overall[:, None], self.project_in(frames)], dim=1)  # (batch, 1 + frames, channels)
        angles = self.rotary_pos_emb(hidden.shape[1])  # (1 + frames, rotary_channels)
        for block in self.layers:
            hidden = block(hidden, context, angles)
        out: Tensor = self.project_out(hidden[:, 1:])
        return out


class DiffusionTransformer(nn.Module):
    """The velocity of latents at a noise level, given a condition."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        self.timestep_features = TimestepFeatures()
        self.to_timestep_embed = nn.Sequential(
            nn.Linear(TIMESTEP_CHANNELS, config.channels), nn.SiLU(), nn.Linear(config.channels, config.channels)
        )
        self.to_cond_embed = nn.Sequential(
            nn.Linear(config.condition_channels, config.channels, bias=False),
            nn.SiLU(),
            nn.Linear(config.channels, config.channels, bias=False),
        )
        self.to_global_embed = nn.Sequential(
            nn.Linear(config.condition_channels, config.channels, bias=False),
            nn.SiLU(),
            nn.Linear(config.channels, config.channels, bias=False),
        )
        self.preprocess_conv = nn.Conv1d(config.latent_channels, config.latent_channels, 1, bias=False)
        self.transformer = Transformer(config)
        self.postprocess_conv = nn.Conv1d(config.latent_channels, config.latent_channels, 1, bias=False)

    def forward(self, latents: Tensor, t: Tensor, rows: Tensor, overall: Tensor) -> Tensor:
        """Return the velocity, shape of `latents` (batch, latent_channels, latent_frames).

        `t` (batch,) is 1 for noise and 0 for sound; `rows` (batch, tokens + 1, condition_channels) and
        `overall` (batch, condition_channels) are the condition.
        """
        context = self.to_cond_embed(rows)  # (batch, tokens + 1, channels)
        token = self.to_global_embed(overall) + self.to_timestep_embed(self.timestep_features(t))
        latents = latents + self.preprocess_conv(latents)
        frames = self.transformer(latents.transpose(1, 2), context, token)
        velocity = frames.transpose(1, 2)  # (batch, latent_channels, latent_frames)
        refined: Tensor = velocity + self.postprocess_conv(velocity)
        return refined
