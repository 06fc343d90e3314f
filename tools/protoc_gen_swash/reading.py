"""Reads the contract's model from what protoc hands to a plugin."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

from tools.protoc_gen_swash.contract import (
    BORROWED,
    BORROWED_FILE,
    Contract,
    Enum,
    EnumValue,
    Field,
    File,
    Kind,
    Message,
    Method,
    Oneof,
    Service,
    UnsupportedError,
)


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
