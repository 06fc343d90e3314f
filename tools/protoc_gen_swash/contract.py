"""What a generator needs to know of .proto files: messages, fields, enums, services and their comments.

The model holds names as the .proto files write them; each language makes its own of them. Types are found by their
full name, "swash.v1.Header", in `Contract.messages` and `Contract.enums`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
