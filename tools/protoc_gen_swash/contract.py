"""What a generator needs to know of .proto files: messages, fields, enums, services and their comments.

The model holds names as the .proto files write them; each language makes its own of them. Types are found by their
full name, "swash.v1.Header", in `Contract.messages` and `Contract.enums`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

# The messages that error details and durations need. Google's files hold many more, which no client reads.
BORROWED = (
    "google.protobuf.Any",
    "google.protobuf.Duration",
    "google.rpc.Status",
    "google.rpc.BadRequest",
    "google.rpc.LocalizedMessage",
    "google.rpc.RetryInfo",
)
BORROWED_FILE = "google/rpc/status.proto"


class UnsupportedError(ValueError):
    """A .proto file uses what these generators do not write."""


class Kind(StrEnum):
    """What a field holds: the names of proto3, and MESSAGE and ENUM."""

    DOUBLE = "double"
    FLOAT = "float"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"
    SINT32 = "sint32"
    SINT64 = "sint64"
    FIXED32 = "fixed32"
    FIXED64 = "fixed64"
    SFIXED32 = "sfixed32"
    SFIXED64 = "sfixed64"
    BOOL = "bool"
    STRING = "string"
    BYTES = "bytes"
    MESSAGE = "message"
    ENUM = "enum"

    @property
    def wire_type(self) -> int:
        """How one value travels: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes."""
        if self in {Kind.DOUBLE, Kind.FIXED64, Kind.SFIXED64}:
            return 1
        if self in {Kind.FLOAT, Kind.FIXED32, Kind.SFIXED32}:
            return 5
        return 2 if self in {Kind.STRING, Kind.BYTES, Kind.MESSAGE} else 0


@dataclass(frozen=True)
class Field:
    """A field of a message.

    `kind` and `type_name` (the full name of a message or enum, else "") are those of one element where it is
    repeated. `optional` is proto3's word: absent and default differ. A field of a oneof is not `optional`, has its
    name in `oneof`. Of a map `key` and `value` are the fields of its entries, and `kind` is MESSAGE.
    """

    name: str
    number: int
    kind: Kind
    doc: str = ""
    type_name: str = ""
    repeated: bool = False
    packed: bool = False
    optional: bool = False
    oneof: str = ""
    key: "Field | None" = None
    value: "Field | None" = None

    @property
    def is_map(self) -> bool:
        """Whether it is a map<key, value>: then `repeated` too."""
        return self.key is not None

    @property
    def has_presence(self) -> bool:
        """Whether absent and default differ on the wire."""
        return not self.repeated and (self.optional or bool(self.oneof) or self.kind is Kind.MESSAGE)


@dataclass(frozen=True)
class Oneof:
    """Fields of which at most one is set; those that `optional` makes are none of these."""

    name: str
    doc: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class EnumValue:
    """One value: `name` as written, `short_name` without the enum's own name before it: PCM_S16LE."""

    name: str
    short_name: str
    number: int
    doc: str


@dataclass(frozen=True)
class Enum:
    """An enum; `path` are the names of the messages round it and its own."""

    name: str
    full_name: str
    path: tuple[str, ...]
    file: str
    doc: str
    values: tuple[EnumValue, ...]


@dataclass(frozen=True)
class Message:
    """A message; `path` are the names of the messages round it and its own. Fields stand as they are written.

    The entries of maps are not among `messages`: the map's field has their key and value.
    """

    name: str
    full_name: str
    path: tuple[str, ...]
    file: str
    doc: str
    fields: tuple[Field, ...]
    oneofs: tuple[Oneof, ...]
    messages: tuple["Message", ...]
    enums: tuple[Enum, ...]


@dataclass(frozen=True)
class Method:
    """One call of a service; `path` is what HTTP asks for: "/swash.v1.SoundService/Render"."""

    name: str
    path: str
    doc: str
    request: str
    response: str
    client_streams: bool
    server_streams: bool


@dataclass(frozen=True)
class Service:
    """The calls of a service."""

    name: str
    full_name: str
    doc: str
    methods: tuple[Method, ...]


@dataclass(frozen=True)
class File:
    """A .proto file, or BORROWED_FILE with what is borrowed of several.

    `csharp_namespace` is what the file itself asks for, or "".
    """

    name: str
    package: str
    csharp_namespace: str
    doc: str
    messages: tuple[Message, ...]
    enums: tuple[Enum, ...]
    services: tuple[Service, ...] = ()

    @property
    def stem(self) -> str:
        """The name without folders and suffix: "sound"."""
        return self.name.rsplit("/", 1)[-1].removesuffix(".proto")


@dataclass(frozen=True)
class Contract:
    """Everything that protoc handed over: `files` are to be written, the rest is of all files.

    `sources` are the files by their name, which is a type's `file`; what is borrowed is of BORROWED_FILE.
    """

    files: tuple[File, ...]
    sources: Mapping[str, File]
    messages: Mapping[str, Message]
    enums: Mapping[str, Enum]

    def type_of(self, field: Field) -> Message | Enum:
        """Return the type of a field that is of a message or an enum."""
        return self.messages[field.type_name] if field.kind is Kind.MESSAGE else self.enums[field.type_name]


def read(request: CodeGeneratorRequest) -> Contract:
    """Return what protoc asks to be written; raise UnsupportedError for proto2, groups and extensions.

    Google's own files are written as one, BORROWED_FILE, which holds the messages of BORROWED alone.
    """
    wanted = set(request.file_to_generate)
    own = tuple(_file(proto) for proto in request.proto_file if not _is_googles(proto.name))
    theirs = tuple(_file(proto) for proto in request.proto_file if proto.name in _googles_needed(request))
    borrowed = _borrowed(theirs)
    files = tuple(file for file in own if file.name in wanted)
    if any(_is_googles(name) for name in wanted):
        files += (borrowed,)
    every = [message for file in (*own, borrowed) for message in _with_nested(file.messages)]
    enums = [enum for file in (*own, borrowed) for enum in file.enums]
    enums += [enum for message in every for enum in message.enums]
    contract = Contract(
        files=files,
        sources={file.name: file for file in (*own, borrowed)},
        messages={message.full_name: message for message in every},
        enums={enum.full_name: enum for enum in enums},
    )
    _check_types(contract)
    return contract


def _is_googles(file_name: str) -> bool:
    return file_name.startswith("google/")


def _googles_needed(request: CodeGeneratorRequest) -> set[str]:
    """Return the names of Google's files that declare something borrowed; the others need no reading."""
    return {
        proto.name
        for proto in request.proto_file
        if any(f"{proto.package}.{message.name}" in BORROWED for message in proto.message_type)
    }


def _borrowed(files: Iterable[File]) -> File:
    found = {message.full_name: message for file in files for message in file.messages}
    messages = tuple(_of_borrowed_file(found[name]) for name in BORROWED if name in found)
    doc = "What error details and durations need of Google's messages."
    return File(BORROWED_FILE, "google.rpc", "", doc, messages, ())


def _of_borrowed_file(message: Message) -> Message:
    """Return a message without its comments: Google's are long, and speak of more than clients use."""
    nested = tuple(_of_borrowed_file(each) for each in message.messages)
    enums = tuple(replace(each, file=BORROWED_FILE) for each in message.enums)
    fields = tuple(replace(each, doc="") for each in message.fields)
    return replace(message, file=BORROWED_FILE, doc="", fields=fields, messages=nested, enums=enums)


def _with_nested(messages: Iterable[Message]) -> Iterator[Message]:
    for message in messages:
        yield message
        yield from _with_nested(message.messages)


def _check_types(contract: Contract) -> None:
    """Raise UnsupportedError for a field whose type no generated file has."""
    known = set(contract.messages) | set(contract.enums)
    for message in contract.messages.values():
        for of_map in message.fields:
            one = of_map.value or of_map
            if one.type_name and one.type_name not in known:
                raise UnsupportedError(f"{message.full_name}.{of_map.name}: {one.type_name} is not in BORROWED")


class _Comments:
    """The comments of a file by the path that descriptors give each declaration."""

    def __init__(self, proto: FileDescriptorProto) -> None:
        self._by_path = {tuple(at.path): at for at in proto.source_code_info.location}

    def at(self, *path: int) -> str:
        """Return the comment before a declaration, or the one behind it, without its markers."""
        found = self._by_path.get(path)
        if found is None:
            return ""
        text = found.leading_comments or found.trailing_comments
        return "\n".join(line.removeprefix(" ").rstrip() for line in text.strip("\n").splitlines()).strip()


def _file(proto: FileDescriptorProto) -> File:
    if proto.syntax != "proto3":
        raise UnsupportedError(f"{proto.name}: only proto3 is written, it is {proto.syntax or 'proto2'}")
    if proto.extension:
        raise UnsupportedError(f"{proto.name}: extensions are not written")
    reader = _Reader(proto)
    return File(
        name=proto.name,
        package=proto.package,
        csharp_namespace=proto.options.csharp_namespace,
        doc=reader.comments.at(12),  # the comment before `syntax` speaks for the file
        messages=tuple(reader.message(each, (), (4, i)) for i, each in enumerate(proto.message_type)),
        enums=tuple(reader.enum(each, (), (5, i)) for i, each in enumerate(proto.enum_type)),
        services=tuple(reader.service(each, (6, i)) for i, each in enumerate(proto.service)),
    )


class _Reader:
    """Reads the declarations of one file. `at` is a declaration's path in descriptor.proto's field numbers."""

    def __init__(self, proto: FileDescriptorProto) -> None:
        self.comments = _Comments(proto)
        self._file = proto.name
        self._package = proto.package

    def _full_name(self, path: tuple[str, ...]) -> str:
        return ".".join((*([self._package] if self._package else []), *path))

    def message(self, proto: DescriptorProto, outside: tuple[str, ...], at: tuple[int, ...]) -> Message:
        path = (*outside, proto.name)
        full_name = self._full_name(path)
        if proto.extension or proto.extension_range:
            raise UnsupportedError(f"{full_name}: extensions are not written")
        entries = {f".{full_name}.{each.name}": each for each in proto.nested_type if each.options.map_entry}
        fields = [self._field(each, proto, entries, (*at, 2, i)) for i, each in enumerate(proto.field)]
        return Message(
            name=proto.name,
            full_name=full_name,
            path=path,
            file=self._file,
            doc=self.comments.at(*at),
            fields=tuple(fields),
            oneofs=tuple(
                Oneof(each.name, self.comments.at(*at, 8, i), members)
                for i, each in enumerate(proto.oneof_decl)
                if (members := tuple(one for one in fields if one.oneof == each.name))
            ),
            messages=tuple(
                self.message(each, path, (*at, 3, i))
                for i, each in enumerate(proto.nested_type)
                if not each.options.map_entry
            ),
            enums=tuple(self.enum(each, path, (*at, 4, i)) for i, each in enumerate(proto.enum_type)),
        )

    def _field(
        self,
        proto: FieldDescriptorProto,
        message: DescriptorProto,
        entries: Mapping[str, DescriptorProto],
        at: tuple[int, ...],
    ) -> Field:
        if proto.type == FieldDescriptorProto.TYPE_GROUP:
            raise UnsupportedError(f"{message.name}.{proto.name}: groups are not written")
        kind = Kind(FieldDescriptorProto.Type.Name(proto.type).removeprefix("TYPE_").lower())
        repeated = proto.label == FieldDescriptorProto.LABEL_REPEATED
        in_oneof = proto.HasField("oneof_index") and not proto.proto3_optional
        entry = entries.get(proto.type_name)
        return Field(
            name=proto.name,
            number=proto.number,
            kind=kind,
            doc=self.comments.at(*at),
            type_name="" if entry else proto.type_name.removeprefix("."),
            repeated=repeated,
            packed=repeated
            and kind.wire_type != 2
            and (proto.options.packed or not proto.options.HasField("packed")),
            optional=proto.proto3_optional,
            oneof=message.oneof_decl[proto.oneof_index].name if in_oneof else "",
            key=self._field(entry.field[0], entry, {}, ()) if entry else None,
            value=self._field(entry.field[1], entry, {}, ()) if entry else None,
        )

    def enum(self, proto: EnumDescriptorProto, outside: tuple[str, ...], at: tuple[int, ...]) -> Enum:
        path = (*outside, proto.name)
        prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", proto.name).upper() + "_"  # LoopMethod: LOOP_METHOD_
        return Enum(
            name=proto.name,
            full_name=self._full_name(path),
            path=path,
            file=self._file,
            doc=self.comments.at(*at),
            values=tuple(
                EnumValue(each.name, each.name.removeprefix(prefix), each.number, self.comments.at(*at, 2, i))
                for i, each in enumerate(proto.value)
            ),
        )

    def service(self, proto: ServiceDescriptorProto, at: tuple[int, ...]) -> Service:
        full_name = self._full_name((proto.name,))
        return Service(
            name=proto.name,
            full_name=full_name,
            doc=self.comments.at(*at),
            methods=tuple(
                Method(
                    name=each.name,
                    path=f"/{full_name}/{each.name}",
                    doc=self.comments.at(*at, 2, i),
                    request=each.input_type.removeprefix("."),
                    response=each.output_type.removeprefix("."),
                    client_streams=each.client_streaming,
                    server_streams=each.server_streaming,
                )
                for i, each in enumerate(proto.method)
            ),
        )
