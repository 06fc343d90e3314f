"""Writes a contract as typed GDScript for Godot 4.4 and newer.

One script a .proto file, its messages inner classes. The scripts stand on wire/writer.gd and wire/reader.gd, which
lie beside their folder.
"""

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.protoc_gen_swash.contract import (
    BORROWED_FILE,
    Contract,
    Enum,
    Field,
    File,
    Kind,
    Message,
    Oneof,
    Service,
    UnsupportedError,
)

LINE_CHARACTERS = 115
TAB_CHARACTERS = 4


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


INTEGERS = {
    Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64, Kind.SINT32, Kind.SINT64,
    Kind.FIXED32, Kind.FIXED64, Kind.SFIXED32, Kind.SFIXED64,
}  # fmt: skip
UNSIGNED_64 = {Kind.UINT64, Kind.FIXED64}
TYPES = {
    **dict.fromkeys(INTEGERS, "int"),
    Kind.DOUBLE: "float",
    Kind.FLOAT: "float",
    Kind.BOOL: "bool",
    Kind.STRING: "String",
    Kind.BYTES: "PackedByteArray",
}
DEFAULTS = {"int": "0", "float": "0.0", "bool": "false", "String": '""', "PackedByteArray": "PackedByteArray()"}

# What may not name a field: words of the language, members of RefCounted, and what the classes here have.
TAKEN_BY_FIELDS = _words(
    """
    and as assert await break breakpoint class class_name const continue elif else enum extends false for func if
    in is match namespace not null or pass preload return self signal static super trait true tool var void when
    while yield bool int float
    add_user_signal call call_deferred callv can_translate_messages cancel_free connect disconnect emit_signal
    free get get_class get_incoming_connections get_indexed get_instance_id get_meta get_meta_list
    get_method_argument_count get_method_list get_property_list get_reference_count get_script
    get_signal_connection_list get_signal_list get_translation_domain has_connections has_meta has_method
    has_signal has_user_signal init_ref is_blocking_signals is_class is_connected is_queued_for_deletion
    notification notify_property_list_changed property_can_revert property_get_revert property_list_changed
    reference remove_meta remove_user_signal script script_changed set set_block_signals set_deferred
    set_indexed set_message_translation set_meta set_script set_translation_domain to_string tr tr_n unreference
    from_bytes merge_from to_bytes reader writer outside packed map_key map_value new_value element is_known
    """
)
# What may not name a class: Godot's own, as ClassDB lists them, its singletons and its built-in types.
TAKEN_BY_CLASSES = _words((Path(__file__).parent / "godot_classes.txt").read_text())

WIRE = (("Reader", "../wire/reader.gd"), ("Writer", "../wire/writer.gd"))

HEAD = """\
# Made from {source} by protoc-gen-swash: do not edit.
# gdlint: disable=class-variable-name,enum-name,max-file-lines,sub-class-name
@tool
extends RefCounted
{doc}
##
## Every message has to_bytes() and a static from_bytes(), which returns null for bytes that are no such message.
## A field that may be absent has has_...; a message is absent when it is null; of several fields that exclude each
## other ..._case names the one that is set. Names that Godot has already end with an underscore: Curve_.
## 64-bit unsigned numbers are Godot's signed int: from 2^63 on they are negative.
"""


def generate(contract: Contract) -> dict[str, str]:
    """Return the text of each script by its name: swash/v1/sound.proto becomes sound.gd."""
    return {f"{file.stem}.gd": _File(contract, file).text() for file in contract.files}


def class_name(path: Iterable[str]) -> str:
    """Return the class of a message or enum: Outer.Inner is OuterInner."""
    name = "".join(path)
    return f"{name}_" if name in TAKEN_BY_CLASSES else name


def field_name(field: Field) -> str:
    """Return the variable of a field."""
    return f"{field.name}_" if field.name in TAKEN_BY_FIELDS else field.name


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _doc(text: str, depth: int = 0) -> Iterator[str]:
    """Yield a comment in lines that are short enough at this depth of indentation."""
    for line in text.splitlines():
        yield from textwrap.wrap(
            line,
            LINE_CHARACTERS - depth * TAB_CHARACTERS,
            initial_indent="## ",
            subsequent_indent="## ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or ["##"]


def _indented(lines: Iterable[str], depth: int = 1) -> Iterator[str]:
    for line in lines:
        yield "\t" * depth + line if line else ""


def _apart(blocks: Iterable[Iterable[str]], lines: int) -> Iterator[str]:
    """Yield blocks with so many empty lines between them."""
    for number, block in enumerate(blocks):
        if number:
            yield from [""] * lines
        yield from block


class _File:
    """One script: the paths of the calls, enums, messages."""

    def __init__(self, contract: Contract, file: File) -> None:
        self._file = file
        self._types = _Types(contract, file)

    def text(self) -> str:
        messages = list(_with_inner(self._file.messages))
        enums = [*self._file.enums, *(enum for message in messages for enum in message.enums)]
        self._check_names([*(message.path for message in messages), *(enum.path for enum in enums)])
        classes = (_Message(message, self._types).lines() for message in messages)
        constants = [
            *(list(_enum(enum)) for enum in enums),
            [f'const {name} := preload("{script}")' for name, script in self._types.imports(messages)],
            *(list(_methods(service)) for service in self._file.services),
        ]
        doc = "\n".join(_doc(self._file.doc or f"The messages of {self._file.name}."))
        head = HEAD.format(source=self._file.name, doc=doc)
        return "\n".join([head, *_apart(constants, 1), "", "", *_apart(classes, 2)]).rstrip("\n") + "\n"

    def _check_names(self, paths: Iterable[tuple[str, ...]]) -> None:
        seen: dict[str, tuple[str, ...]] = {}
        for path in paths:
            other = seen.setdefault(class_name(path), path)
            if other != path:
                raise UnsupportedError(f"{'.'.join(path)} and {'.'.join(other)} would be one class of GDScript")


def _with_inner(messages: Iterable[Message]) -> Iterator[Message]:
    for message in messages:
        yield message
        yield from _with_inner(message.messages)


class _Types:
    """The types of fields as one script names them."""

    def __init__(self, contract: Contract, file: File) -> None:
        self._contract = contract
        self._file = file

    def one(self, field: Field) -> str:
        """Return the type of one value of a field."""
        if not field.type_name:
            return TYPES[field.kind]
        declared = self._declared(field)
        name = class_name(declared.path)
        return name if declared.file in self._here() else f"{self._import_name(declared.file)}.{name}"

    def whole(self, field: Field) -> str:
        """Return the type of a field."""
        if field.key and field.value:
            return f"Dictionary[{self.one(field.key)}, {self.one(field.value)}]"
        return f"Array[{self.one(field)}]" if field.repeated else self.one(field)

    def default(self, field: Field) -> str:
        """Return one value as it is when nothing has set it; of a message a new one."""
        if field.kind is Kind.MESSAGE:
            return f"{self.one(field)}.new()"
        if field.kind is Kind.ENUM:
            declared = self._contract.enums[field.type_name]
            return f"{self.one(field)}.{_enum_value(declared, 0)}"
        return DEFAULTS[self.one(field)]

    def imports(self, messages: Iterable[Message]) -> list[tuple[str, str]]:
        """Return the names and scripts of other files' types that these messages hold."""
        values = (field.value or field for message in messages for field in message.fields)
        files = {self._declared(value).file for value in values if value.type_name}
        return sorted({*WIRE, *((self._import_name(file), self._script(file)) for file in files - self._here())})

    def _declared(self, field: Field) -> Message | Enum:
        found = self._contract.messages.get(field.type_name)
        return found or self._contract.enums[field.type_name]

    def _here(self) -> set[str]:
        """Return the .proto files of which this script is made."""
        if self._file.name == BORROWED_FILE:
            return {message.file for message in self._file.messages}
        return {self._file.name}

    def _is_borrowed(self, file: str) -> bool:
        return file.startswith("google/")

    def _import_name(self, file: str) -> str:
        return "Google" if self._is_borrowed(file) else _pascal(Path(file).stem)

    def _script(self, file: str) -> str:
        return f"{Path(BORROWED_FILE if self._is_borrowed(file) else file).stem}.gd"


def _enum_value(enum: Enum, number: int) -> str:
    return next(value.short_name for value in enum.values if value.number == number)


def _enum(enum: Enum) -> Iterator[str]:
    yield from _doc(enum.doc)
    yield f"enum {class_name(enum.path)} {{"
    for value in enum.values:
        yield from _indented(_doc(value.doc, 1))
        yield f"\t{value.short_name} = {value.number},"
    yield "}"


def _methods(service: Service) -> Iterator[str]:
    for method in service.methods:
        yield from _doc(method.doc)
        name = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in method.name)
        yield f'const METHOD{name} := "{method.path}"'


class _Message:
    """One message: a class."""

    def __init__(self, message: Message, types: _Types) -> None:
        self._message = message
        self._types = types
        self._name = class_name(message.path)
        self._oneofs = {oneof.name: oneof for oneof in message.oneofs}

    def lines(self) -> Iterator[str]:
        yield from _doc(self._message.doc)
        yield f"class {self._name}:"
        yield "\textends RefCounted"
        yield ""
        oneofs = self._message.oneofs
        variables = [line for field in self._message.fields for line in self._variable(field)]
        variables += [f"var {_case(oneof)} := {_cases(oneof)}.NONE" for oneof in oneofs]
        variables += [f"var _{oneof.name}_value: Variant = null" for oneof in oneofs]
        functions = [
            *(self._clear(field) for field in self._message.fields if self._has_flag(field)),
            *(self._clear_oneof(oneof) for oneof in oneofs),
            self._to_bytes(),
            self._from_bytes(),
            self._merge_from(),
        ]
        body = [*([self._case_enums()] if oneofs else []), *([variables] if variables else []), *functions]
        yield from _indented(_apart(body, 1))

    def _has_flag(self, field: Field) -> bool:
        """Whether a variable has_... says that the field is set; a message is set when it is not null."""
        return field.has_presence and field.kind is not Kind.MESSAGE and not field.oneof

    def _case_enums(self) -> list[str]:
        return [
            f"enum {_cases(oneof)} {{ {', '.join(['NONE', *(_case_of(field) for field in oneof.fields)])} }}"
            for oneof in self._message.oneofs
        ]

    def _variable(self, field: Field) -> Iterator[str]:
        name, whole = field_name(field), self._types.whole(field)
        yield from _doc(field.doc, 1)
        if field.oneof:
            yield from self._oneof_variable(field)
        elif field.repeated:
            yield f"var {name}: {whole} = {'{}' if field.is_map else '[]'}"
        elif field.kind is Kind.MESSAGE:
            yield f"var {name}: {whole} = null"
        elif self._has_flag(field):
            yield f"var {name}: {whole} = {self._types.default(field)}:"
            yield from ("\tset(new_value):", f"\t\t{name} = new_value", f"\t\thas_{field.name} = true")
            yield f"var has_{field.name} := false"
        else:
            yield f"var {name}: {whole} = {self._types.default(field)}"

    def _oneof_variable(self, field: Field) -> Iterator[str]:
        """Yield a property over the one value that all fields of a oneof share."""
        oneof = self._oneofs[field.oneof]
        case = f"{_cases(oneof)}.{_case_of(field)}"
        is_message = field.kind is Kind.MESSAGE
        default = "null" if is_message else self._types.default(field)
        yield f"var {field_name(field)}: {self._types.whole(field)}:"
        yield "\tget:"
        yield f"\t\treturn _{oneof.name}_value if {_case(oneof)} == {case} else {default}"
        yield "\tset(new_value):"
        if is_message:
            yield "\t\tif new_value != null:"
            yield from (f"\t\t\t_{oneof.name}_value = new_value", f"\t\t\t{_case(oneof)} = {case}")
            yield f"\t\telif {_case(oneof)} == {case}:"
            yield f"\t\t\tclear_{oneof.name}()"
        else:
            yield from (f"\t\t_{oneof.name}_value = new_value", f"\t\t{_case(oneof)} = {case}")

    def _clear(self, field: Field) -> list[str]:
        return [
            f"func clear_{field.name}() -> void:",
            f"\t{field_name(field)} = {self._types.default(field)}",
            f"\thas_{field.name} = false",
        ]

    def _clear_oneof(self, oneof: Oneof) -> list[str]:
        return [
            f"func clear_{oneof.name}() -> void:",
            f"\t_{oneof.name}_value = null",
            f"\t{_case(oneof)} = {_cases(oneof)}.NONE",
        ]

    def _to_bytes(self) -> list[str]:
        fields = sorted(self._message.fields, key=lambda field: field.number)
        return [
            "func to_bytes() -> PackedByteArray:",
            "\tvar writer := Writer.new()",
            *_indented(line for field in fields for line in self._written(field)),
            "\treturn writer.bytes",
        ]

    def _written(self, field: Field) -> Iterator[str]:
        name = field_name(field)
        if field.key and field.value:
            ordered = "sorted_unsigned_keys" if field.key.kind in UNSIGNED_64 else "sorted_keys"
            yield f"for map_key: {self._types.one(field.key)} in Writer.{ordered}({name}):"
            yield "\tvar packed := Writer.new()"
            yield from _indented(_put(field.key, "map_key", "packed"))
            yield from _indented(_put(field.value, f"{name}[map_key]", "packed"))
            yield from _indented(_put_bytes(field, "packed.bytes"))
        elif field.packed:
            yield f"if not {name}.is_empty():"
            yield "\tvar packed := Writer.new()"
            yield f"\tfor element in {name}:"
            yield f"\t\tpacked.put_{field.kind}(element)"
            yield from _indented(_put_bytes(field, "packed.bytes"))
        elif field.repeated:
            yield f"for element in {name}:"
            yield from _indented(_put(field, "element"))
        else:
            yield f"if {self._is_set(field)}:"
            yield from _indented(_put(field, name))

    def _is_set(self, field: Field) -> str:
        """Return the condition on which a field is written."""
        name = field_name(field)
        if field.oneof:
            oneof = self._oneofs[field.oneof]
            return f"{_case(oneof)} == {_cases(oneof)}.{_case_of(field)}"
        if field.kind is Kind.MESSAGE:
            return f"{name} != null"
        if self._has_flag(field):
            return f"has_{field.name}"
        if field.kind in {Kind.STRING, Kind.BYTES}:
            return f"not {name}.is_empty()"
        if field.kind in {Kind.DOUBLE, Kind.FLOAT}:
            return f"not Writer.is_zero({name})"
        return name if field.kind is Kind.BOOL else f"{name} != 0"

    def _from_bytes(self) -> list[str]:
        return [
            f"static func from_bytes(data: PackedByteArray) -> {self._name}:",
            "\tvar reader := Reader.new(data)",
            f"\tvar message := {self._name}.new()",
            "\tmessage.merge_from(reader)",
            "\treturn null if reader.is_broken else message",
        ]

    def _merge_from(self) -> list[str]:
        branches = [line for field in self._message.fields for line in self._read(field)]
        lines = (
            ["match reader.tag:", *_indented([*branches, "_:", "\treader.skip()"])]
            if branches
            else ["reader.skip()"]
        )
        return ["func merge_from(reader: Reader) -> void:", "\twhile reader.next():", *_indented(lines, 2)]

    def _read(self, field: Field) -> Iterator[str]:
        """Yield the branches that read a field, by the tags it may come with."""
        name = field_name(field)
        yield f"{_tag(field)}:"
        if field.is_map:
            yield from _indented(self._read_map(field))
        elif field.repeated and field.kind is Kind.MESSAGE:
            yield f"\t{name}.append({self._types.default(field)})"
            yield f"\treader.read_message({name}.back())"
        elif field.repeated:
            yield f"\t{name}.append({self._value(field)})"
        elif field.kind is Kind.MESSAGE:
            absent = self._is_set(field).replace("==", "!=") if field.oneof else f"{name} == null"
            yield from (f"\tif {absent}:", f"\t\t{name} = {self._types.default(field)}")
            yield f"\treader.read_message({name})"
        else:
            yield f"\t{name} = {self._value(field)}"
        if field.repeated and field.kind.wire_type != 2:  # a list comes packed or not, however it is declared
            yield f"{field.number << 3 | 2}:"
            yield "\tvar outside := reader.enter_list()"
            yield "\twhile reader.has_more():"
            yield f"\t\t{name}.append({self._value(field)})"
            yield "\treader.leave_list(outside)"

    def _read_map(self, field: Field) -> Iterator[str]:
        key, value = field.key, field.value
        assert key
        assert value
        yield "var outside := reader.enter_message()"
        yield "var is_known := true"
        yield f"var map_key: {self._types.one(key)} = {self._types.default(key)}"
        yield f"var map_value: {self._types.one(value)} = {self._types.default(value)}"
        yield "while reader.next():"
        yield "\tmatch reader.tag:"
        yield f"\t\t{_tag(key)}:"
        yield f"\t\t\tmap_key = {self._value(key)}"
        yield f"\t\t{_tag(value)}:"
        is_message = value.kind is Kind.MESSAGE
        yield "\t\t\t" + ("reader.read_message(map_value)" if is_message else f"map_value = {self._value(value)}")
        # Protobuf sets an entry aside as a whole when something in it is unknown.
        yield from ("\t\t_:", "\t\t\tis_known = false", "\t\t\treader.skip()")
        yield "reader.leave_message(outside)"
        yield "if is_known:"
        yield f"\t{field_name(field)}[map_key] = map_value"

    def _value(self, field: Field) -> str:
        cast = f" as {self._types.one(field)}" if field.kind is Kind.ENUM else ""
        return f"reader.read_{field.kind}(){cast}"


def _case(oneof: Oneof) -> str:
    return f"{oneof.name}_case"


def _cases(oneof: Oneof) -> str:
    return f"{_pascal(oneof.name)}Case"


def _case_of(field: Field) -> str:
    name = field.name.upper()
    return f"{name}_" if name == "NONE" else name


def _tag(field: Field) -> int:
    """Return what stands before one value: number and wire type."""
    return field.number << 3 | field.kind.wire_type


def _put(field: Field, value: str, writer: str = "writer") -> list[str]:
    if field.kind is Kind.MESSAGE:
        return _put_bytes(field, f"{value}.to_bytes()", writer)
    return [f"{writer}.put_tag({_tag(field)})", f"{writer}.put_{field.kind}({value})"]


def _put_bytes(field: Field, value: str, writer: str = "writer") -> list[str]:
    return [f"{writer}.put_tag({field.number << 3 | 2})", f"{writer}.put_bytes({value})"]
