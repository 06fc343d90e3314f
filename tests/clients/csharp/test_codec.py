"""What C# reads and writes is what protobuf itself does, to the byte and to the verdict."""

import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.clients import every_kind, messages
from tests.clients.csharp import toolchain
from tests.clients.filling import descriptor_of
from tests.clients.messages import Case
from tools.generate_proto import swash
from tools.protoc_gen_swash.csharp import TAKEN, pascal

pytestmark = pytest.mark.xdist_group("csharp_codec")  # one corpus, one compilation

REFUSED = 0xFFFFFFFF
Runtime = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("every_kind")


@pytest.fixture(scope="session")
def module(folder: Path) -> ModuleType:
    return every_kind.module(folder)


@pytest.fixture(scope="session")
def types(module: ModuleType) -> list[type[Message]]:
    return every_kind.types(module)


@pytest.fixture(scope="session")
def sources(folder: Path) -> list[Path]:
    """Give the C# of codec/Codec.cs, of the reader and writer, and of every message."""
    assert swash("csharp", folder, every_kind.PROTO, path=every_kind.DATA) == 0
    core = toolchain.PACKAGE / "Runtime/Core"
    return toolchain.sources_of(core / "Wire", core / "Generated", Path(__file__).parent / "codec", folder)


@pytest.fixture(params=["dotnet", "mono"])
def run(request: pytest.FixtureRequest, sources: list[Path]) -> Runtime:
    """Give what runs the program on a runtime."""
    if request.param == "dotnet":
        program = toolchain.compile("Codec", sources, target="exe")
        return lambda *arguments, stdin: toolchain.run_dotnet(program, *arguments, stdin=stdin)
    program = toolchain.compile("Codec", sources, target="exe", framework="mono")
    return lambda *arguments, stdin: toolchain.run_mono(program, *arguments, stdin=stdin)


def test_every_valid_message_comes_back_as_the_same_bytes(run: Runtime, types: list[type[Message]]) -> None:
    _same_as_protobuf(run, [*messages.valid(types, 3000, seed=1), *(messages.case(type_, b"") for type_ in types)])


def test_damaged_messages_get_the_verdict_that_protobuf_gives(run: Runtime, types: list[type[Message]]) -> None:
    cases = list(messages.broken(types, 6000, seed=2))
    refused = sum(case.expected is None for case in cases)
    assert 0.2 < refused / len(cases) < 0.8  # damage of both sorts
    _same_as_protobuf(run, cases)


def test_what_lies_too_deep_is_refused_where_protobuf_refuses_it(run: Runtime, module: ModuleType) -> None:
    tree = module.Tree
    cases = [case for number in (1, 2, 3, 999) for case in messages.deep(tree, number, range(95, 105))]
    assert {case.expected is None for case in cases} == {False, True}
    _same_as_protobuf(run, cases)


def test_every_property_holds_the_field_of_its_name(run: Runtime, types: list[type[Message]]) -> None:
    cases = list(messages.valid(types, 600, seed=3))
    said = _answers(run("describe", stdin=_corpus(cases)))
    for case, text in zip(cases, said, strict=True):
        assert case.expected is not None
        assert text is not None
        assert text.decode() == _described(case.expected)


def _same_as_protobuf(run: Runtime, cases: list[Case]) -> None:
    written = _answers(run(stdin=_corpus(cases)))
    differing = [
        f"{case.type.DESCRIPTOR.full_name} {case.data[:200].hex()}: {_said(case.canonical)}, here {_said(got)}"
        for case, got in zip(cases, written, strict=True)
        if not case.agrees(got)
    ]
    assert not differing, f"{len(differing)} of {len(cases)}:\n" + "\n".join(differing[:10])


def _said(data: bytes | None) -> str:
    return "refused" if data is None else data[:200].hex()


def _corpus(cases: Iterable[Case]) -> bytes:
    return b"".join(
        case.type.DESCRIPTOR.full_name.encode() + b"\n" + struct.pack("<I", len(case.data)) + case.data
        for case in cases
    )


def _answers(result: subprocess.CompletedProcess[bytes]) -> list[bytes | None]:
    assert result.returncode == 0, result.stderr.decode()
    answers: list[bytes | None] = []
    at = 0
    while at < len(result.stdout):
        [size] = struct.unpack_from("<I", result.stdout, at)
        at += 4
        if size == REFUSED:
            answers.append(None)
            continue
        answers.append(result.stdout[at : at + size])
        at += size
    return answers


# What Codec.cs says of a message's properties, from protobuf's own.


def _described(message: Message) -> str:
    held = [f"{_name(message, one)}={_field(message, one)}" for one in descriptor_of(message).fields]
    for oneof in message.DESCRIPTOR.oneofs:
        if not oneof.name.startswith("_"):  # those that `optional` makes
            chosen = message.WhichOneof(oneof.name)
            number = message.DESCRIPTOR.fields_by_name[chosen].number if chosen else 0
            held.append(f"{pascal(oneof.name)}Case={number}")
    return "{" + ",".join(sorted(held)) + "}"


def _name(message: Message, one: FieldDescriptor) -> str:
    name = pascal(one.name)
    return f"{name}_" if name in {*TAKEN, message.DESCRIPTOR.name} else name


def _field(message: Message, one: FieldDescriptor) -> str:
    value = getattr(message, one.name)
    if one.message_type and one.message_type.GetOptions().map_entry:
        key, held = one.message_type.fields
        return "[" + ",".join(sorted(f"{_text(each, key)}:{_text(value[each], held)}" for each in value)) + "]"
    if one.is_repeated:
        return "[" + ",".join(_text(each, one) for each in value) + "]"
    real_oneof = one.containing_oneof is not None and not one.containing_oneof.name.startswith("_")
    if one.has_presence and not message.HasField(one.name) and (one.message_type or not real_oneof):
        return "null"
    return _text(value, one)


def _text(value: object, one: FieldDescriptor) -> str:
    match value:
        case Message():
            return _described(value)
        case str():
            return f"t{value.encode().hex()}"
        case bytes():
            return f"b{value.hex()}"
        case float():
            code = "<f <i" if one.type == FieldDescriptor.TYPE_FLOAT else "<d <q"
            [bits] = struct.unpack(code[3:], struct.pack(code[:2], value))
            return f"{code[1]}{bits}"
        case _:
            return str(int(value))  # type: ignore[call-overload]
