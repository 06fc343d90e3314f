"""The diffusion transformer as it runs: that of dit.py, with everything done once that can be.

Keys and values of the condition are made once a sound, the rest in as few passes over memory as there are
functions in pointwise.py. The residual stream is float32 whatever the products are.
"""

from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from swash_model.stable_audio import dit
from swash_model.stable_audio.conditioner import Condition
from swash_model.stable_audio.operators import Operators
from swash_model.stable_audio.pointwise import Pointwise, head_norm

REMEMBERED_SIGMAS = 512  # embeddings of noise levels: those of a schedule come again and again


class Told(NamedTuple):
    """What a condition says to one block about one sound."""

    keys: Tensor  # (heads, head_channels, rows)
    values: Tensor  # (heads, rows, head_channels)


class Context(NamedTuple):
    """What a condition says."""

    told: list[list[Told]]  # to each block, about each sound
    overall: Tensor  # (batch, channels)


class FastBlock:
    """One block: its products, and the small weights beside them."""

    def __init__(self, block: dit.Block, operators: Operators) -> None:
        self_attention, cross_attention = block.self_attn, block.cross_attn
        self.to_qkv = operators.linear(self_attention.to_qkv.weight)
        self.self_out = operators.linear(self_attention.to_out.weight)
        self.to_q = operators.linear(cross_attention.to_q.weight)
        self.to_kv = operators.linear(cross_attention.to_kv.weight, exactly=True)
        self.cross_out = operators.linear(cross_attention.to_out.weight)
        opening, _, closing = cast(Any, block.ff.ff)
        self.open = operators.linear(opening.proj.weight, opening.proj.bias)
        self.close = operators.linear(closing.weight, closing.bias)
        self.self_norm, self.cross_norm, self.ff_norm = (
            (each.gamma.clone(), each.beta.clone())
            for each in (block.pre_norm, block.cross_attend_norm, block.ff_norm)
        )
        self.self_q_norm, self.self_k_norm = map(_norm, (self_attention.q_norm, self_attention.k_norm))
        self.cross_q_norm, self.cross_k_norm = map(_norm, (cross_attention.q_norm, cross_attention.k_norm))
        self.heads = cross_attention.heads

    def read(self, context: Tensor) -> Told:
        """Return the keys and values of one sound's rows, shape (rows, channels)."""
        floats = self.to_kv.form
        both = self.to_kv(context.to(floats)).float() + self.to_kv.rest
        keys, values = both.view(len(context), 2, self.heads, -1).permute(1, 2, 0, 3)
        keys = head_norm(keys, *self.cross_k_norm).transpose(1, 2)
        return Told(keys.to(floats).contiguous(), values.to(floats).contiguous())


class FastDit:
    """The velocity of latents at a noise level, given a condition."""

    def __init__(self, network: dit.DiffusionTransformer, operators: Operators, pointwise: Pointwise) -> None:
        self._pointwise = pointwise
        self._floats = operators.floats
        # Copies: one tensor of the file that is kept would keep all of it in memory.
        self._to_cond_embed, self._to_global_embed = map(
            deepcopy, (network.to_cond_embed, network.to_global_embed)
        )
        self._timestep_features = deepcopy(network.timestep_features)
        self._to_timestep_embed = deepcopy(network.to_timestep_embed)
        transformer = network.transformer
        self._turns = deepcopy(transformer.rotary_pos_emb)
        # Two small products in a row are one: x + Px, then W, is W(1 + P)x.
        before, after = (conv.weight[:, :, 0] for conv in (network.preprocess_conv, network.postprocess_conv))
        self._into = transformer.project_in.weight + transformer.project_in.weight @ before
        self._out_of = transformer.project_out.weight + after @ transformer.project_out.weight
        self._blocks = [FastBlock(block, operators) for block in cast(Iterable[dit.Block], transformer.layers)]
        self._timestep = lru_cache(REMEMBERED_SIGMAS)(self._embedded)

    def read(self, condition: Condition) -> Context:
        """Return what a condition says, once for all steps."""
        sounds = [self._to_cond_embed(rows) for rows in condition.rows]  # each (tokens + 1, channels)
        told = [[block.read(rows) for rows in sounds] for block in self._blocks]
        return Context(told, torch.cat([self._to_global_embed(each[None]) for each in condition.overall]))

    def __call__(self, latents: Tensor, sigmas: list[float], context: Context) -> Tensor:
        """Return the velocity, shape of `latents` (batch, latent_channels, latent_frames), at a level for each."""
        sounds = len(latents)
        tokens = context.overall + torch.stack([self._timestep(sigma) for sigma in sigmas])
        frames = functional.linear(latents.transpose(1, 2), self._into)  # (batch, latent_frames, channels)
        stream = torch.cat([tokens[:, None], frames], dim=1)  # (batch, positions, channels)
        positions = stream.shape[1]
        stream = self._through(stream.flatten(0, 1), positions, context)  # (batch * positions, channels)
        velocity = functional.linear(stream.view(sounds, positions, -1)[:, 1:], self._out_of)
        return velocity.transpose(1, 2).contiguous()

    def _through(self, stream: Tensor, positions: int, context: Context) -> Tensor:
        """Return the residual stream after every block."""
        do = self._pointwise
        half = self._turns(positions).chunk(2, dim=-1)[0]
        cos, sin = half.cos(), half.sin()  # (positions, rotary_channels / 2)
        blocks = self._blocks
        rows, scale = do.norm(stream, *blocks[0].self_norm, blocks[0].to_qkv.form)
        for number, (block, told) in enumerate(zip(blocks, context.told, strict=True)):
            qkv, taken = block.to_qkv(rows), []
            for part, its_scale in _each(qkv, scale, positions):
                q, k, v = do.self_heads(
                    part, its_scale, *block.self_q_norm, *block.self_k_norm, cos, sin, self._floats
                )
                taken.append(self._attended(q, k.transpose(1, 2), v))
            rows, scale = do.merged(_joined(taken), block.self_out.form)
            stream, rows, scale = do.add_norm(
                stream, block.self_out(rows), scale, block.self_out.rest, *block.cross_norm, block.to_q.form
            )

            asked, taken = block.to_q(rows), []
            for (part, its_scale), (keys, values) in zip(_each(asked, scale, positions), told, strict=True):
                q = do.cross_heads(part, its_scale, *block.cross_q_norm, self._floats)
                taken.append(self._attended(q, keys, values))
            rows, scale = do.merged(_joined(taken), block.cross_out.form)
            stream, rows, scale = do.add_norm(
                stream, block.cross_out(rows), scale, block.cross_out.rest, *block.ff_norm, block.open.form
            )

            rows, scale = do.opened(block.open(rows), scale, block.open.rest, block.close.form)
            change = block.close(rows)
            if number + 1 == len(blocks):
                return do.add(stream, change, scale, block.close.rest)
            following = blocks[number + 1]
            stream, rows, scale = do.add_norm(
                stream, change, scale, block.close.rest, *following.self_norm, following.to_qkv.form
            )
        raise AssertionError("a transformer has blocks")

    def _attended(self, q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Return attention, shape (heads, positions, head_channels): two products, which beat torch's one here."""
        weights = self._pointwise.softmax(torch.bmm(q, keys), q.shape[-1] ** -0.5)
        return torch.bmm(weights, values)

    def _embedded(self, sigma: float) -> Tensor:
        """Return the embedding of a noise level, shape (channels,)."""
        embedded: Tensor = self._to_timestep_embed(self._timestep_features(torch.tensor([sigma])))
        return embedded[0]


def _each(rows: Tensor, scale: Tensor, positions: int) -> list[tuple[Tensor, Tensor]]:
    """Return the rows of each sound of a batch, with their scales."""
    starts = range(0, len(rows), positions)
    one_for_all = len(scale) != len(rows)
    return [(rows[at : at + positions], scale if one_for_all else scale[at : at + positions]) for at in starts]


def _norm(norm: nn.LayerNorm) -> tuple[Tensor, Tensor]:
    return norm.weight.clone(), norm.bias.clone()


def _joined(taken: list[Tensor]) -> Tensor:
    """Return the heads of all sounds, one sound's positions after the other's."""
    return taken[0] if len(taken) == 1 else torch.cat(taken, dim=1)
