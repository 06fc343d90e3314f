"""Which fields of a C# class Unity writes into scenes: enough of the language to find them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])\'|^\s*#[^\n]*',
    re.DOTALL | re.MULTILINE,
)
_CLASS = re.compile(r"\b(?:class|struct)\s+(?P<name>\w+)(?:\s*<[^>{]*>)?(?:\s*:\s*(?P<bases>[^{]+?))?\s*\{")
_ATTRIBUTES = re.compile(r"^\s*(?:\[(?:[^\[\]]|\[[^\]]*\])*\]\s*)*")
_FIELD = re.compile(
    r"^(?P<words>(?:\w+\s+)*?)(?P<type>[\w.]+(?:<[\w., ]+>)?(?:\[\])?\??)\s+(?P<names>\w+(?:\s*=.*)?)$", re.DOTALL
)


@dataclass
class CSharpClass:
    """A class: what it derives from, and its serialized fields' types by name."""

    name: str
    path: Path
    bases: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


def classes_in(path: Path) -> Iterator[CSharpClass]:
    """Yield the classes and structs of a file, nested ones too."""
    text = _NOISE.sub(lambda found: '""' if found[0][0] in "@\"'" else " ", path.read_text(encoding="utf-8"))
    for head in _CLASS.finditer(text):
        bases = [base.strip().rpartition(".")[2] for base in (head["bases"] or "").split(",") if base.strip()]
        found = CSharpClass(head["name"], path, bases)
        for member in _members(text, head.end()):
            _take_field(found, member)
        yield found


def _members(text: str, start: int) -> Iterator[str]:
    """Yield what ends with a semicolon directly in a class's body, without what stands in braces."""
    depth, member = 0, ""
    for letter in text[start:]:
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth < 0:
                return
            # An initializer's braces are followed by a semicolon; those of a method or a property are its end.
            if depth == 0 and "=" not in _ATTRIBUTES.sub("", member):
                member = ""
        elif depth == 0 and letter == ";":
            yield member
            member = ""
        elif depth == 0:
            member += letter


def _take_field(into: CSharpClass, member: str) -> None:
    attributes = _ATTRIBUTES.match(member)
    assert attributes is not None  # it matches nothing at least
    told = member[attributes.end() :].strip()
    declared = told.partition("=")[0]
    if "(" in declared or "=>" in told:
        return
    found = _FIELD.match(told)
    if not found:
        return
    words = set(found["words"].split())
    if words & {"static", "const", "readonly", "event", "delegate"} or "NonSerialized" in attributes[0]:
        return
    if "SerializeField" in attributes[0] or "public" in words:
        into.fields[found["names"].partition("=")[0].strip()] = found["type"]
