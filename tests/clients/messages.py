"""Messages of any type, whole and damaged, and what protobuf makes of them: clients are compared on it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message

from tests.clients.damage import DAMAGES, END_GROUP, LENGTH, START_GROUP, field, tag, varint
from tests.clients.filling import descriptor_of, filled


@dataclass(frozen=True)
class Case:
    """Bytes, the type to read them as, and what protobuf itself reads: None when they are no such message."""

    type: type[Message]
    data: bytes
    expected: Message | None

    @property
    def canonical(self) -> bytes | None:
        """The bytes that the message is written as, without what is unknown."""
        return None if self.expected is None else self.expected.SerializeToString(deterministic=True)

    def agrees(self, got: bytes | None) -> bool:
        """Say whether another has read the same and written the same; None where it refused.

        The entries of maps may come in any order: protobuf's own is that of no key.
        """
        if got is None or self.canonical is None or got == self.canonical:
            return got == self.canonical
        if sorted(got) != sorted(self.canonical):
            return False
        return self.type.FromString(got).SerializeToString(deterministic=True) == self.canonical


def case(type_: type[Message], data: bytes) -> Case:
    """Return what protobuf makes of some bytes."""
    try:
        expected = type_.FromString(data)
    except DecodeError:
        return Case(type_, data, None)
    expected.DiscardUnknownFields()  # type: ignore[no-untyped-call, unused-ignore]
    return Case(type_, data, expected)


def valid(types: list[type[Message]], count: int, seed: int) -> Iterator[Case]:
    """Yield messages of every type in turn, filled at random."""
    rng = random.Random(seed)
    for number in range(count):
        type_ = types[number % len(types)]
        yield case(type_, filled(type_(), rng).SerializeToString())


def broken(types: list[type[Message]], count: int, seed: int) -> Iterator[Case]:
    """Yield bytes that something has happened to: some are still a message.

    None of a type without fields: protobuf lets a field number 0 pass there, which is none anywhere else.
    """
    rng = random.Random(seed)
    types = [type_ for type_ in types if type_.DESCRIPTOR.fields]
    for number in range(count):
        type_ = types[number % len(types)]
        data = filled(type_(), rng).SerializeToString()
        for _ in range(rng.choice((1, 1, 2))):
            data = rng.choice(DAMAGES)(data, descriptor_of(type_), rng)
        yield case(type_, data)


def deep(type_: type[Message], number: int, depths: range) -> Iterator[Case]:
    """Yield a message that holds itself in the field `number` so many times, and groups that do."""
    for depth in depths:
        data = b""
        for _ in range(depth):
            data = field(number, LENGTH, varint(len(data)) + data)
        yield case(type_, data)
        groups = tag(1000, START_GROUP) * depth + tag(1000, END_GROUP) * depth
        yield case(type_, groups)
        yield case(type_, field(number, LENGTH, varint(len(groups)) + groups))
