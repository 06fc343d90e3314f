"""How exactly the networks compute, and what this machine can do."""

import logging
import shutil
from dataclasses import dataclass
from enum import Enum

import torch

from swash_model.stable_audio.pointwise import INT8, Form

log = logging.getLogger(__name__)


class Precision(Enum):
    """How exactly: AUTO is bfloat16 where the CPU multiplies it by itself, else EXACT, which is float32.

    FAST is AUTO with the transformer in int8.
    """

    AUTO = "auto"
    EXACT = "exact"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Forms:
    """What each network computes in."""

    dit: Form
    autoencoder: Form
    t5: Form

    def __str__(self) -> str:
        names = {INT8: "int8", torch.bfloat16: "bf16", torch.float32: "f32"}
        return "-".join(names[form] for form in (self.dit, self.autoencoder))


EXACT = Forms(torch.float32, torch.float32, torch.float32)
REDUCED = Forms(torch.bfloat16, torch.bfloat16, torch.float32)


def forms_of(precision: Precision) -> Forms:
    """Return what this machine computes in at a precision; what it cannot do gives way to what is more exact."""
    floats = torch.bfloat16 if precision is not Precision.EXACT and _has_bf16() else torch.float32
    if precision is Precision.FAST:
        if _has_int8():
            return Forms(INT8, floats, floats)
        log.warning("this CPU has no integer products: precision fast is auto here")
    return Forms(floats, floats, floats)


def has_compiler() -> bool:
    """Return whether torch can compile the passes between products here."""
    return any(map(shutil.which, ("c++", "g++", "clang++")))


def _has_bf16() -> bool:
    """Return whether bfloat16 is a type of the CPU's own products; elsewhere it is slower than float32.

    Of an Arm core torch does not tell, and oneDNN takes its packed bfloat16 products on x86-64 only.
    """
    return _cpu_can("_is_avx512_bf16_supported") or _cpu_can("_is_amx_tile_supported")


def _has_int8() -> bool:
    return _cpu_can("_is_vnni_supported")


def _cpu_can(asked: str) -> bool:
    ask = getattr(torch.cpu, asked, None)
    return bool(ask and ask())
