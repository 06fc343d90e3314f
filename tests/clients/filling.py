"""Messages filled at random."""

import math
import random
import struct
from collections.abc import Callable
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

TEXTS = (
    "",
    "a",
    "rain",
    "wave\u0301",
    "\u00e9\u6ce2\U0001f30a",
    "\uffff\ue000",
    "\U00010000",
    'q"\\ \n',
    "x" * 130,
    "\0",
)
INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Return what a message is made of: whichever implementation of protobuf is here, with one type."""
    return cast("Descriptor", message.DESCRIPTOR)


def filled(message: Message, rng: random.Random, depth: int = 0) -> Message:
    """Set some fields, more of them near the top, so that what holds itself ends."""
    for each in descriptor_of(message).fields:
        if rng.random() < (0.55 if depth == 0 else 0.5 / depth / (depth + 1)):
            _set(message, each, rng, depth)
    return message


def _set(message: Message, one: FieldDescriptor, rng: random.Random, depth: int) -> None:
    value = getattr(message, one.name)
    if one.message_type and one.message_type.GetOptions().map_entry:
        key, held = one.message_type.fields_by_name["key"], one.message_type.fields_by_name["value"]
        for _ in range(rng.choice((0, 1, 2, 5))):
            if held.message_type:
                filled(value[_scalar(key, rng)], rng, depth + 1)
            else:
                value[_scalar(key, rng)] = _scalar(held, rng)
    elif one.is_repeated:
        for _ in range(rng.choice((0, 1, 2, 7) if one.message_type else (0, 1, 3, 40))):
            if one.message_type:
                filled(value.add(), rng, depth + 1)
            else:
                value.append(_scalar(one, rng))
    elif one.message_type:
        value.SetInParent()
        filled(value, rng, depth + 1)
    else:
        setattr(message, one.name, _scalar(one, rng))


def _scalar(one: FieldDescriptor, rng: random.Random) -> object:
    if one.cpp_type in INTEGERS:
        low, high = INTEGERS[one.cpp_type]
        return rng.choice((0, 1, 127, 128, low, high, high // 2, rng.randint(low, high), max(low, -1)))
    if one.enum_type:
        return rng.choice([*(value.number for value in one.enum_type.values), 77, -77])
    return SCALARS[one.type](rng)


def _double(rng: random.Random) -> float:
    return rng.choice((0.0, -0.0, 1.5, -3e38, 5e-324, math.inf, math.nan, rng.uniform(-1, 1)))


def _float(rng: random.Random) -> float:
    bits = rng.choice((0, 0x80000000, 1, 0x7F7FFFFF, rng.getrandbits(32)))
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def _text(rng: random.Random) -> str:
    return "".join(rng.choice(TEXTS) for _ in range(rng.choice((1, 1, 1, 2, 5))))


def _bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 3, 127, 128, 300, 17000 if rng.random() < 0.02 else 5)))


SCALARS: dict[int, Callable[[random.Random], object]] = {
    FieldDescriptor.TYPE_BOOL: lambda rng: rng.random() < 0.5,
    FieldDescriptor.TYPE_BYTES: _bytes,
    FieldDescriptor.TYPE_DOUBLE: _double,
    FieldDescriptor.TYPE_FLOAT: _float,
    FieldDescriptor.TYPE_STRING: _text,
}
