"""What stands between the matrix products, each function one pass over memory once it is compiled.

Eager they are the same in more passes. Rows are (positions, channels); the residual stream is float32. What goes
into a product is stored as a `Form`: a float type, or int8 with a scale for each row.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional

from swash_model.stable_audio.dit import HEAD_NORM_EPS

Function = TypeVar("Function", bound=Callable[..., Any])
Form: TypeAlias = torch.dtype
INT8: Form = torch.uint8  # as oneDNN wants it: the zero lies at 128
ZERO_POINT = 128
LARGEST = 127
LEAST = 1e-6  # keeps the scale of a silent row above zero


def stored(x: Tensor, form: Form) -> tuple[Tensor, Tensor]:
    """Return float32 rows in a form, and their scale."""
    if form != INT8:
        return x.to(form), x.new_ones(1)
    scale = x.abs().amax(-1, keepdim=True).clamp_min(LEAST) / LARGEST  # (positions, 1)
    return ((x / scale).round() + ZERO_POINT).to(INT8), scale


def norm(hidden: Tensor, gamma: Tensor, beta: Tensor, form: Form) -> tuple[Tensor, Tensor]:
    """Return normalised rows in a form."""
    return stored(functional.layer_norm(hidden, hidden.shape[-1:], gamma, beta), form)


def add(hidden: Tensor, change: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Return the stream with the result of a product added."""
    return hidden + change.float() * scale + bias


def add_norm(
    hidden: Tensor, change: Tensor, scale: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor, form: Form
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the stream with the result of a product added, and it normalised in a form."""
    hidden = add(hidden, change, scale, bias)
    return hidden, *norm(hidden, gamma, beta, form)


def head_norm(heads: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Normalise each head, shape (..., head_channels)."""
    return functional.layer_norm(heads, heads.shape[-1:], weight, bias, HEAD_NORM_EPS)


def turned(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the first channels of each head, shape (heads, positions, head_channels), by their position.

    `cos` and `sin` are (positions, half of what turns).
    """
    half = cos.shape[-1]
    first, second, still = heads[..., :half], heads[..., half : 2 * half], heads[..., 2 * half :]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, still], dim=-1)


def self_heads(
    qkv: Tensor,
    scale: Tensor,
    q_weight: Tensor,
    q_bias: Tensor,
    k_weight: Tensor,
    k_bias: Tensor,
    cos: Tensor,
    sin: Tensor,
    form: Form,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return q, k and v, each (heads, positions, head_channels), of the result of one product."""
    head_channels = len(q_weight)
    parts = (qkv.float() * scale).view(len(qkv), 3, -1, head_channels).permute(1, 2, 0, 3)
    q = turned(head_norm(parts[0], q_weight, q_bias), cos, sin)
    k = turned(head_norm(parts[1], k_weight, k_bias), cos, sin)
    return q.to(form).contiguous(), k.to(form).contiguous(), parts[2].to(form).contiguous()


def cross_heads(q: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, form: Form) -> Tensor:
    """Return q, (heads, positions, head_channels), of the result of a product."""
    heads = (q.float() * scale).view(len(q), -1, len(weight)).transpose(0, 1)
    return head_norm(heads, weight, bias).to(form).contiguous()


def softmax(scores: Tensor, scale: float) -> Tensor:
    """Return the weights of attention, shape and type as given."""
    return torch.softmax(scores.float() * scale, -1).to(scores.dtype)


def merged(taken: Tensor, form: Form) -> tuple[Tensor, Tensor]:
    """Return heads, (heads, positions, head_channels), side by side in a form."""
    return stored(taken.transpose(0, 1).flatten(1).float(), form)


def opened(pair: Tensor, scale: Tensor, bias: Tensor, form: Form) -> tuple[Tensor, Tensor]:
    """Return the first half of the result of a product times the swish of the second, in a form."""
    value, gate = (pair.float() * scale + bias).chunk(2, -1)
    return stored(value * functional.silu(gate), form)


def snake(x: Tensor, a: Tensor, inverse_b: Tensor) -> Tensor:
    """Bend each channel of rows: x + sin(ax)^2 / b."""
    wide = x.float()
    return (wide + inverse_b * (wide * a).sin().square()).to(x.dtype)


def overlap_add(spread: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """Return the rows of a transposed convolution of its products, (positions, 2 * stride, channels).

    Each position reaches its own `stride` rows and the next; `padding` rows are cut from the start, and from the
    end what torch cuts there.
    """
    positions, _, channels = spread.shape
    zeros = spread.new_zeros(1, stride, channels)
    own, late = torch.cat([spread[:, :stride], zeros]), torch.cat([zeros, spread[:, stride:]])
    rows = (own.float() + late.float() + bias).to(spread.dtype).view(-1, channels)
    return rows[padding : (positions + 1) * stride - padding]


def _as_it_is(function: Function) -> Function:
    return function


def _compiled(function: Function) -> Function:
    # Lengths vary with windows and short sounds: compiled once for all of them.
    return cast(Function, torch.compile(function, dynamic=True))


class Pointwise:
    """The functions above, compiled or as they are."""

    def __init__(self, *, compiled: bool) -> None:
        made = _compiled if compiled else _as_it_is
        self.compiled = compiled
        self.norm, self.add, self.add_norm = made(norm), made(add), made(add_norm)
        self.self_heads, self.cross_heads = made(self_heads), made(cross_heads)
        self.softmax, self.merged, self.opened = made(softmax), made(merged), made(opened)
        self.snake, self.overlap_add = made(snake), made(overlap_add)
