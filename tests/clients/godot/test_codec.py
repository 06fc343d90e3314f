"""What GDScript reads and writes is what protobuf itself does, to the verdict and the byte."""

import base64
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.clients import every_kind, messages
from tests.clients.filling import descriptor_of
from tests.clients.godot import harness
from tests.clients.messages import Case
from tools.generate_proto import swash
from tools.protoc_gen_swash.gdscript import TAKEN_BY_FIELDS, class_name

pytestmark = pytest.mark.xdist_group("godot_codec")  # one run of the engine for all

GENERATED = "addons/swash/generated"
REFUSED = 0xFFFFFFFF


class Answers:
    """What one run of the engine said of the messages of every test here."""

    def __init__(self, folder: Path) -> None:
        self.module = every_kind.module(folder)
        types = every_kind.types(self.module)
        self.valid = [*messages.valid(types, 3000, seed=1), *(messages.case(type_, b"") for type_ in types)]
        self.broken = list(messages.broken(types, 6000, seed=2))
        tree = self.module.Tree
        self.deep = [case for number in (1, 2, 3, 999) for case in messages.deep(tree, number, range(95, 105))]
        self.described = list(messages.valid(types, 600, seed=3))
        written = [*self.valid, *self.broken, *self.deep]
        answers = _asked(folder, self.module, written, self.described)
        self._by_case = dict(zip(map(id, [*written, *self.described]), answers, strict=True))

    def of(self, case: Case) -> bytes | None:
        """Return what was answered; None is a refusal."""
        return self._by_case[id(case)]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return Answers(tmp_path_factory.mktemp("every_kind"))


def test_every_valid_message_comes_back_as_the_same_bytes(answers: Answers) -> None:
    _same_as_protobuf(answers, answers.valid)


def test_damaged_messages_get_the_verdict_that_protobuf_gives(answers: Answers) -> None:
    refused = sum(case.expected is None for case in answers.broken)
    assert 0.2 < refused / len(answers.broken) < 0.8  # damage of both sorts
    _same_as_protobuf(answers, answers.broken)


def test_what_lies_too_deep_is_refused_where_protobuf_refuses_it(answers: Answers) -> None:
    assert {case.expected is None for case in answers.deep} == {False, True}
    _same_as_protobuf(answers, answers.deep)


def test_every_variable_holds_the_field_of_its_name(answers: Answers) -> None:
    for case in answers.described:
        said = answers.of(case)
        assert case.expected is not None
        assert said is not None
        assert said.decode() == _described(_as_godot_holds(case.expected))


def _same_as_protobuf(answers: Answers, cases: Sequence[Case]) -> None:
    differing = [
        f"{case.type.DESCRIPTOR.full_name} {case.data[:200].hex()}: "
        f"{_verdict(case.canonical)}, here {_verdict(answers.of(case))}"
        for case in cases
        if not _agrees(case, answers.of(case))
    ]
    assert not differing, f"{len(differing)} of {len(cases)}:\n" + "\n".join(differing[:10])


def _agrees(case: Case, got: bytes | None) -> bool:
    if case.expected is None or got is None:
        return case.expected is None and got is None
    expected = _as_godot_holds(case.expected)
    return Case(case.type, case.data, expected).agrees(
        _as_godot_holds(case.type.FromString(got)).SerializeToString()
    )


def _verdict(data: bytes | None) -> str:
    return "refused" if data is None else data[:200].hex()


def _asked(
    folder: Path, module: ModuleType, written: Sequence[Case], described: Sequence[Case]
) -> list[bytes | None]:
    """Have the engine read messages, write some of them again, and describe the others."""
    assert swash("gdscript", folder, every_kind.PROTO, path=every_kind.DATA) == 0
    corpus = b"".join(
        f"{_class_of(case.type, module)} {verb}\n".encode() + struct.pack("<I", len(case.data)) + case.data
        for verb, cases in (("write", written), ("describe", described))
        for case in cases
    )
    result = harness.run(
        {"addons/swash": harness.ADDON, "codec": Path(__file__).parent / "codec"},
        scene="res://codec/codec.tscn",
        files={f"{GENERATED}/every_kind.gd": (folder / "every_kind.gd").read_bytes(), "codec/corpus.bin": corpus},
        timeout_s=90.0,
    )
    assert result.code == 0, result
    assert not result.errors, result
    lines = [line.split()[1] for line in result.lines if line.startswith("ANSWERS ")]
    return list(_answers(b"".join(map(base64.b64decode, lines))))


def _class_of(type_: type[Message], module: ModuleType) -> str:
    """Name a type's script and its class in there."""
    descriptor = type_.DESCRIPTOR
    path = descriptor.full_name.removeprefix(f"{descriptor.file.package}.").split(".")
    borrowed = descriptor.file.package.startswith("google.")
    stem = "every_kind" if descriptor.file is module.DESCRIPTOR else "status" if borrowed else "sound"
    return f"res://{GENERATED}/{stem}.gd {class_name(path)}"


def _answers(said: bytes) -> Iterator[bytes | None]:
    at = 0
    while at < len(said):
        [size] = struct.unpack_from("<I", said, at)
        at += 4
        if size == REFUSED:
            yield None
            continue
        yield said[at : at + size]
        at += size


def _as_godot_holds(message: Message) -> Message:
    """Return a copy without what GDScript cannot hold: U+0000 in text, and one NaN that differs from another."""
    held = type(message)()
    held.CopyFrom(message)
    for one, value in held.ListFields():
        if one.message_type and one.message_type.GetOptions().map_entry:
            entries = {_held(key): _held(each) for key, each in value.items()}
            held.ClearField(one.name)
            for key, each in entries.items():
                if isinstance(each, Message):
                    getattr(held, one.name)[key].CopyFrom(each)
                else:
                    getattr(held, one.name)[key] = each
        elif one.is_repeated:
            elements = [_held(each) for each in value]
            held.ClearField(one.name)
            getattr(held, one.name).extend(elements)
        elif one.message_type:
            getattr(held, one.name).CopyFrom(_held(value))
        else:
            setattr(held, one.name, _held(value))
    return held


def _held(value: object) -> object:
    match value:
        case Message():
            return _as_godot_holds(value)
        case str():
            return value.replace("\0", "\ufffd")
        case float() if math.isnan(value):
            return math.nan
        case _:
            return value


# What codec.gd says of a message's variables, from protobuf's own.


def _described(message: Message) -> str:
    held = [f"{_name(one)}={_field(message, one)}" for one in descriptor_of(message).fields]
    held += [
        f"has_{one.name}={int(message.HasField(one.name))}"
        for one in descriptor_of(message).fields
        if one.has_presence and not one.message_type and _oneof(one) is None
    ]
    for oneof in descriptor_of(message).oneofs:
        chosen = message.WhichOneof(oneof.name)
        names = [one.name for one in descriptor_of(message).fields if _oneof(one) == oneof.name]
        if names:
            held.append(f"{oneof.name}_case={names.index(chosen) + 1 if chosen else 0}")
    return "{" + ",".join(sorted(held)) + "}"


def _oneof(one: FieldDescriptor) -> str | None:
    """Return the name of a field's oneof, unless `optional` made it."""
    oneof = one.containing_oneof
    return None if oneof is None or oneof.name.startswith("_") else oneof.name


def _name(one: FieldDescriptor) -> str:
    return f"{one.name}_" if one.name in TAKEN_BY_FIELDS else one.name


def _field(message: Message, one: FieldDescriptor) -> str:
    value = getattr(message, one.name)
    if one.message_type and one.message_type.GetOptions().map_entry:
        return "[" + ",".join(sorted(f"{_text(key)}:{_text(value[key])}" for key in value)) + "]"
    if one.is_repeated:
        return "[" + ",".join(map(_text, value)) + "]"
    return "null" if one.message_type and not message.HasField(one.name) else _text(value)


def _text(value: object) -> str:
    match value:
        case Message():
            return _described(value)
        case str():
            return f"t{value.encode().hex()}"
        case bytes():
            return f"b{value.hex()}"
        case float():
            return "nan" if math.isnan(value) else f"d{struct.pack('<d', value).hex()}"
        case int():
            return str(int(value) - 2**64 if value >= 2**63 else int(value))  # GDScript's ints are signed
        case _:
            raise TypeError(value)
