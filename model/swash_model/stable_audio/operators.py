"""Products of rows with weights, in the fastest way that is right on this machine.

Each operator exists twice: packed for oneDNN once and for all, and plain. Which one runs is found out when a model
is loaded, by trying: a packed one that raises, is wrong or crawls (all three are known of Arm and of older CPUs)
gives way to its twin. Preference, not a race, decides between two that are fit, so that a second start makes
the same sound.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from swash_model.stable_audio.pointwise import INT8, LARGEST, ZERO_POINT, Form, stored

TRIAL_ROWS = 64
TYPICAL_ROWS = 256  # oneDNN lays weights out for about so many
CRAWLS = 4.0  # times the plain float32: not the noise of a busy machine, but a reference kernel
SHORT_S = 0.01  # what is over so soon does not crawl, whatever the clock says
# Relative error of one product. Of float32 too: oneDNN may be told to compute it in bfloat16, as on Arm.
WRONG = {torch.float32: 2e-2, torch.bfloat16: 2e-2, INT8: 5e-2}

log = logging.getLogger(__name__)


class Linear(Protocol):
    """Rows (positions, in), stored as `form`, to (positions, out). `rest` is to be added to the scaled result."""

    form: Form
    rest: Tensor  # (out,) or (1,)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product."""
        ...

    def added(self, x: Tensor, to: Tensor) -> Tensor:
        """Return the product added to rows (positions, out); not of int8, whose scale comes first."""
        ...


class Conv(Protocol):
    """Rows (positions, in) to (about positions / stride, out)."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return the convolution, and its bias where there is one."""
        ...


def _copy(tensor: Tensor, form: Form) -> Tensor:
    """Return a tensor of its own: one of the file that is kept would keep all of the file in memory."""
    return tensor.detach().to(form, copy=True)


class PlainLinear:
    """As torch does it."""

    rest = torch.zeros(1)

    def __init__(self, weight: Tensor, bias: Tensor | None, form: Form) -> None:
        self.form = form
        self._weight, self._bias = _copy(weight, form), None if bias is None else _copy(bias, form)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product, and the bias where there is one."""
        return functional.linear(x, self._weight, self._bias)

    def added(self, x: Tensor, to: Tensor) -> Tensor:
        """Return the product added to rows (positions, out)."""
        return to + self(x)


class PackedLinear:
    """By oneDNN, the weight laid out as its kernel wants it."""

    rest = torch.zeros(1)

    def __init__(self, weight: Tensor, bias: Tensor | None, form: Form) -> None:
        self.form = form
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.to(form).contiguous(), TYPICAL_ROWS)
        self._bias = None if bias is None else _copy(bias, form)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product, and the bias where there is one."""
        made: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")
        return made

    def added(self, x: Tensor, to: Tensor) -> Tensor:
        """Return the product added to rows (positions, out), in one pass."""
        made: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, to, self._weight, self._bias, "add")
        return made


class Int8Linear:
    """By oneDNN in integers: one scale for each row of the input, one for each channel of the output."""

    form = INT8

    def __init__(self, weight: Tensor, bias: Tensor | None, _form: Form) -> None:
        self.rest = torch.zeros(1) if bias is None else _copy(bias, torch.float32)
        self._scale = weight.float().abs().amax(1).clamp_min(1e-9) / LARGEST  # (out,)
        whole = (weight / self._scale[:, None]).round().clamp(-LARGEST, LARGEST).to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(whole, None)
        self._zeros = torch.zeros(len(whole), dtype=torch.int32)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product, still to be scaled by the rows' scale; the bias is left to `rest`."""
        made: Tensor = torch.ops.onednn.qlinear_pointwise(
            x, 1.0, ZERO_POINT, self._weight, self._scale, self._zeros,
            None, 1.0, 0, torch.bfloat16, "none", [], "",
        )  # fmt: skip
        return made

    def added(self, x: Tensor, to: Tensor) -> Tensor:
        """Raise NotImplementedError."""
        raise NotImplementedError("the scale of the rows comes first")


class PlainConv:
    """As torch does it."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, form: Form, stride: int, padding: int, dilation: int
    ) -> None:
        self._weight, self._bias = _copy(weight, form), None if bias is None else _copy(bias, form)
        self._how = (stride, padding, dilation)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the convolution, and its bias where there is one."""
        return functional.conv1d(x.T[None], self._weight, self._bias, *self._how)[0].T.contiguous()


class PackedConv:
    """By oneDNN, channels last, the weight laid out as its kernel wants it."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, form: Form, stride: int, padding: int, dilation: int
    ) -> None:
        self._how = ([0, padding], [1, stride], [1, dilation], 1)
        image = weight.to(form)[:, :, None].to(memory_format=torch.channels_last)  # (out, in, 1, width)
        self._weight = torch.ops.mkldnn._reorder_convolution_weight(
            image, *self._how, [1, weight.shape[1], 1, 4 * TYPICAL_ROWS]
        )
        self._bias = None if bias is None else _copy(bias, form)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the convolution, and its bias where there is one."""
        image = x[None, None].permute(0, 3, 1, 2)  # (1, in, 1, positions), channels last
        made: Tensor = torch.ops.mkldnn._convolution_pointwise(
            image, self._weight, self._bias, *self._how, "none", [], ""
        )
        return made.permute(0, 2, 3, 1)[0, 0].contiguous()


Made = TypeVar("Made")


class UnfitError(Exception):
    """An operator is wrong or crawls on this machine."""


class Operators:
    """Makes operators of one form, each the first that stands its trial. `plain` are all of the other kind.

    `chosen` names what runs, by shape: the last bits of a sound depend on it.
    """

    def __init__(self, form: Form, *, plain: bool = False) -> None:
        # What int8 cannot do is done in bfloat16.
        self.floats = torch.bfloat16 if form == INT8 else form
        self.chosen: dict[str, str] = {}
        self._linears: list[type[PlainLinear | PackedLinear | Int8Linear]] = [PlainLinear]
        self._convs: list[type[PlainConv | PackedConv]] = [PlainConv]
        if not plain:
            self._linears = [*([Int8Linear] if form == INT8 else []), PackedLinear, PlainLinear]
            self._convs = [PackedConv, PlainConv]

    def linear(self, weight: Tensor, bias: Tensor | None = None, *, exactly: bool = False) -> Linear:
        """Return the product with a weight, shape (out, in); `exactly` does without int8."""
        rows = _trial_rows(weight.shape[1])
        kinds = [kind for kind in self._linears if not (exactly and kind is Int8Linear)]

        def run(made: Linear) -> Tensor:
            data, scale = stored(rows, made.form)
            return made(data).float() * scale + made.rest

        return self._first_fit(
            f"linear {list(weight.shape)}{' exactly' if exactly else ''}",
            kinds,
            lambda kind: kind(weight, bias, self.floats),
            run,
            lambda: functional.linear(rows, weight, bias),
        )

    def conv(
        self, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0, dilation: int = 1
    ) -> Conv:
        """Return the convolution with a weight, shape (out, in, width)."""
        rows = _trial_rows(weight.shape[1])
        how = (stride, padding, dilation)
        return self._first_fit(
            f"conv {list(weight.shape)} {stride} {dilation}",
            self._convs,
            lambda kind: kind(weight, bias, self.floats, *how),
            lambda made: made(rows.to(self.floats)).float(),
            lambda: functional.conv1d(rows.T[None], weight, bias, *how)[0].T,
        )

    def _first_fit(
        self,
        shape: str,
        kinds: Sequence[type[Made]],
        make: Callable[[type[Made]], Made],
        run: Callable[[Made], Tensor],
        exact: Callable[[], Tensor],
    ) -> Made:
        """Return the first kind that stands its trial; a shape is tried once. The last is right anyway."""
        if known := self.chosen.get(shape):
            return make(next(kind for kind in kinds if kind.__name__ == known))
        for kind in kinds:
            try:
                made = make(kind)
                if kind is not kinds[-1]:
                    _stand_trial(partial(run, made), exact, WRONG[INT8 if kind is Int8Linear else self.floats])
            except (RuntimeError, AttributeError, NotImplementedError, UnfitError) as error:
                if kind is kinds[-1]:
                    raise
                log.info("%s of %s: passed over (%s)", kind.__name__, shape, error)
                continue
            self.chosen[shape] = kind.__name__
            return made
        raise AssertionError("there is always a plain kind")


def _trial_rows(channels: int) -> Tensor:
    return torch.randn(TRIAL_ROWS, channels, generator=torch.Generator().manual_seed(0))


def _stand_trial(run: Callable[[], Tensor], exact: Callable[[], Tensor], wrong: float) -> None:
    """Raise UnfitError unless something is right and does not crawl."""
    with _one_thread():
        right = exact()
        error = ((run() - right).norm() / right.norm()).item()
        if not error <= wrong:
            raise UnfitError(f"relative error {error:.1e}")
        took_s = _fastest_s(run)
        if took_s > SHORT_S and (times := took_s / _fastest_s(exact)) > CRAWLS:
            raise UnfitError(f"{times:.0f} times as slow as plain float32")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on this thread alone: its own time is the same however busy the machine is."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _fastest_s(run: Callable[[], Tensor]) -> float:
    """Return the CPU seconds of the fastest of three."""
    times_s = []
    for _ in range(3):
        began_s = time.thread_time()
        run()
        times_s.append(time.thread_time() - began_s)
    return min(times_s)
