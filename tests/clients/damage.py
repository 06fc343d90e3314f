"""What happens to bytes on their way, and what no writer would write: most of it is no message any more."""

import random
from collections.abc import Callable

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.clients.filling import TEXTS

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = 0, 1, 2, 3, 4, 5
NOT_UTF8 = (
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe6\xb3",
    b"\xf0\x9f\x8c",
    b"\x80a",
    b"\xf8\x88\x80\x80\x80",
)


def varint(value: int, size: int = 1) -> bytes:
    """Return a varint of at least `size` bytes; more than it needs make it overlong."""
    parts: list[int] = []
    while value >= 0x80 or len(parts) < size - 1:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def tag(number: int, wire_type: int, size: int = 1) -> bytes:
    """Return a field's tag."""
    return varint(number << 3 | wire_type, size)


def field(number: int, wire_type: int, value: bytes) -> bytes:
    """Return a field as it travels."""
    return tag(number, wire_type) + value


Damage = Callable[[bytes, Descriptor, random.Random], bytes]


def _flip(data: bytes, descriptor: Descriptor, rng: random.Random) -> bytes:
    hurt = bytearray(data)
    for _ in range(rng.choice((1, 2, 4)) if hurt else 0):
        hurt[rng.randrange(len(hurt))] ^= 1 << rng.randrange(8)
    return bytes(hurt)


def _overwrite(data: bytes, descriptor: Descriptor, rng: random.Random) -> bytes:
    hurt = bytearray(data)
    for _ in range(rng.choice((1, 2)) if hurt else 0):
        hurt[rng.randrange(len(hurt))] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.getrandbits(8)))
    return bytes(hurt)


def _cut(data: bytes, descriptor: Descriptor, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _twice(data: bytes, descriptor: Descriptor, rng: random.Random) -> bytes:
    """Append what merges with what is there: another's fields."""
    return data + _fields(descriptor, rng)


def _insert(data: bytes, descriptor: Descriptor, rng: random.Random) -> bytes:
    """Put a piece before, behind, or anywhere: in the middle of a field it is most often damage."""
    at = rng.choice((0, len(data), rng.randrange(len(data) + 1)))
    return data[:at] + _piece(descriptor, rng) + data[at:]


DAMAGES: tuple[Damage, ...] = (_flip, _overwrite, _cut, _twice, _insert, _insert, _insert)


def _fields(descriptor: Descriptor, rng: random.Random) -> bytes:
    """Return fields that the type has: of the right wire type, packed or not, or of a wrong one."""
    data = b""
    for _ in range(rng.choice((1, 2, 5))):
        if not descriptor.fields:
            break
        one = rng.choice(descriptor.fields)
        right = WIRE_TYPES[one.type]
        wire_type = right if rng.random() < 0.7 else rng.choice((VARINT, FIXED64, LENGTH, FIXED32))
        if one.is_repeated and right != LENGTH and rng.random() < 0.5:
            packed = b"".join(_value(right, one.message_type, rng) for _ in range(rng.choice((0, 1, 3))))
            data += field(one.number, LENGTH, varint(len(packed)) + packed)
        else:
            data += field(one.number, wire_type, _value(wire_type, one.message_type, rng))
    return data


def _value(wire_type: int, descriptor: Descriptor | None, rng: random.Random) -> bytes:
    if wire_type == VARINT:
        bits = rng.choice((1, 7, 8, 31, 32, 63, 64))
        return varint(rng.getrandbits(bits), rng.choice((1, 1, 1, 2, 5, 10)))
    if wire_type == FIXED64:
        return rng.randbytes(8)
    if wire_type == FIXED32:
        return rng.randbytes(4)
    if descriptor is not None:
        held = _fields(descriptor, rng) if rng.random() < 0.7 else b""
    else:
        held = rng.choice((rng.choice(TEXTS).encode(), rng.choice(NOT_UTF8), b"abc" + rng.choice(NOT_UTF8)))
    return varint(len(held), rng.choice((1, 1, 1, 2, 5, 6))) + held


def _piece(descriptor: Descriptor, rng: random.Random) -> bytes:
    """Return a field that the type lacks, a group, or what is no field at all."""
    unknown = rng.choice((999, 1000, 19000, 2**29 - 1))
    inside = _fields(descriptor, rng)
    wire_type = rng.choice((VARINT, FIXED64, LENGTH, FIXED32))
    number = rng.choice(descriptor.fields).number if descriptor.fields else 1
    text = rng.choice(NOT_UTF8)
    return rng.choice(
        (
            field(unknown, wire_type, _value(wire_type, None, rng)),
            tag(unknown, START_GROUP) + inside + tag(unknown, END_GROUP),
            tag(number, START_GROUP) + inside + tag(number, END_GROUP),
            tag(1000, START_GROUP) * 2 + inside + tag(1000, END_GROUP) * 2,
            tag(1000, START_GROUP) + inside,
            tag(1000, START_GROUP) + tag(1001, END_GROUP),
            tag(1000, START_GROUP) + tag(1001, START_GROUP) + tag(1000, END_GROUP) + tag(1001, END_GROUP),
            tag(number, END_GROUP),
            tag(number, 6) + b"\0" * 8,
            tag(number, 7),
            tag(0, VARINT) + b"\x01",
            tag(0, LENGTH) + b"\0",
            tag(0, START_GROUP) + tag(0, END_GROUP),
            tag(number, VARINT, rng.choice((2, 5, 6, 10))) + b"\x01",
            varint(number << 3 | 2**32) + b"\x01",  # a tag of 33 bits
            varint(2**63 | number << 3) + b"\x01",
            field(
                number,
                VARINT,
                b"\x80" * rng.choice((8, 9, 10, 11)) + rng.choice((b"\0", b"\x01", b"\x02", b"\x7f")),
            ),
            field(number, VARINT, b"\xff" * 9 + bytes([rng.randrange(128)])),
            field(unknown, VARINT, b"\xff" * rng.choice((9, 10)) + b"\x01"),
            field(number, LENGTH, varint(rng.choice((2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1)))),
            field(unknown, LENGTH, varint(rng.choice((2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**64 - 1)))),
            field(number, LENGTH, varint(len(text), rng.choice((1, 5, 6))) + text),
            inside,
        )
    )


WIRE_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_FLOAT: FIXED32,
    FieldDescriptor.TYPE_INT64: VARINT,
    FieldDescriptor.TYPE_UINT64: VARINT,
    FieldDescriptor.TYPE_INT32: VARINT,
    FieldDescriptor.TYPE_FIXED64: FIXED64,
    FieldDescriptor.TYPE_FIXED32: FIXED32,
    FieldDescriptor.TYPE_BOOL: VARINT,
    FieldDescriptor.TYPE_STRING: LENGTH,
    FieldDescriptor.TYPE_MESSAGE: LENGTH,
    FieldDescriptor.TYPE_BYTES: LENGTH,
    FieldDescriptor.TYPE_UINT32: VARINT,
    FieldDescriptor.TYPE_ENUM: VARINT,
    FieldDescriptor.TYPE_SFIXED32: FIXED32,
    FieldDescriptor.TYPE_SFIXED64: FIXED64,
    FieldDescriptor.TYPE_SINT32: VARINT,
    FieldDescriptor.TYPE_SINT64: VARINT,
}
