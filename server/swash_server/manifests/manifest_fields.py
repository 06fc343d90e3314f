"""What a manifest may say of a sound, field by field: one list, which reads manifests and writes their schema."""

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from swash_model.spec import MAX_DURATION_S, MAX_PROMPT_CHARACTERS
from swash_server import wire
from swash_server.formats.encode import Encoding
from swash_server.manifests.manifest_text import Plain

MAX_WHOLE = 2**32 - 1
MAX_NUMBER = sys.float_info.max
MAX_NAME_CHARACTERS = 100

Schema: TypeAlias = dict[str, Any]
"""Some JSON Schema, draft 2020-12."""


class Field(Protocol):
    """A field: what it may hold."""

    @property
    def what(self) -> str:
        """Return one sentence for whoever writes a manifest."""
        ...

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        ...

    def schema(self) -> Schema:
        """Return the same as a schema."""
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number in a range; `above` leaves the minimum itself out, `whole` takes whole ones only."""

    what: str
    minimum: float
    maximum: float
    above: bool = False
    whole: bool = False

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        inside = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.minimum <= value <= self.maximum  # also refuses NaN
            and not (self.above and value == self.minimum)
        )
        if self.whole and isinstance(value, float) and not value.is_integer():
            return f"a whole number, {self._range()}, got {shown(value)}"
        return None if inside else f"{self._range()}, got {shown(value)}"

    def _range(self) -> str:
        low, high = (f"{bound:.10g}" for bound in (self.minimum, self.maximum))
        if low == high:
            return low
        return f"above {low} and at most {high}" if self.above else f"{low} to {high}"

    def schema(self) -> Schema:
        """Return the same as a schema."""
        low = {"exclusiveMinimum" if self.above else "minimum": self.minimum}
        return {"type": "integer" if self.whole else "number", **low, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Text:
    """Characters on one line, or on several; `pattern` must match all of them, and `expected` says it."""

    what: str
    maximum: int = MAX_NAME_CHARACTERS
    pattern: str = ""
    expected: str = ""
    lines: bool = False

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        if not isinstance(value, str):
            return f"text, got {shown(value)}"
        if not value.strip() or len(value) > self.maximum:
            return f"1 to {self.maximum} characters, got {len(value) if value.strip() else 'none'}"
        if not (self.lines or value.isprintable()):
            return f"no control characters, got {shown(value)}"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"{self.expected}, got {shown(value)}"
        return None

    def schema(self) -> Schema:
        """Return the same as a schema."""
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {"type": "string", "minLength": 1, "maxLength": self.maximum, **pattern}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    what: str
    choices: tuple[str, ...]

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        return None if value in self.choices else f"one of {', '.join(self.choices)}, got {shown(value)}"

    def schema(self) -> Schema:
        """Return the same as a schema."""
        return {"enum": list(self.choices)}


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    what: str

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        return None if isinstance(value, bool) else f"true or false, got {shown(value)}"

    def schema(self) -> Schema:
        """Return the same as a schema."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers and choices by name."""

    what: str

    def problem(self, value: Plain) -> str | None:
        """Return what is expected and what came, None when the value is right."""
        if not isinstance(value, dict):
            return f"names and values, got {shown(value)}"
        if len(value) > wire.MAX_PARAMETERS:
            return f"at most {wire.MAX_PARAMETERS}, got {len(value)}"
        for name, one in value.items():
            number = isinstance(one, int | float) and not isinstance(one, bool) and abs(one) <= MAX_NUMBER
            if not number and not isinstance(one, str):
                return f"a number or a choice of each, got {shown(name)}: {shown(one)}"
        return None

    def schema(self) -> Schema:
        """Return the same as a schema."""
        one = {"type": ["number", "string"]}
        return {"type": "object", "maxProperties": wire.MAX_PARAMETERS, "additionalProperties": one}


@dataclass(frozen=True, slots=True)
class Nested:
    """What is read by itself; here only its schema."""

    what: str
    make: Callable[[], Schema] = field(repr=False)

    def problem(self, value: Plain) -> str | None:  # noqa: ARG002
        """Return None: whoever reads it knows."""
        return None

    def schema(self) -> Schema:
        """Return its schema."""
        return self.make()


ASKED: Mapping[str, Field] = {
    "prompt": Text("Words for the sound: this or `effect`.", MAX_PROMPT_CHARACTERS, lines=True),
    "effect": Text("An effect, or one of its presets: `rain`, `rain/tin_roof`. This or `prompt`.", 200),
    "parameters": Values("Of the effect by name, numbers or choices; beside a prompt, of its first layer."),
    "engine": Text("`procedural` or `stable_audio`; else the server's default."),
    "duration_s": Number("Seconds of sound; else its natural length.", 0.0, MAX_DURATION_S, above=True),
    "seed": Number("Which performance; takes count up from it. Else 0.", 0, MAX_WHOLE, whole=True),
    "object_seed": Number("Which object; takes share it. Else 0.", 0, MAX_WHOLE, whole=True),
    "loop": Flag("Its end joins its start."),
    "takes": Number("How many takes. Else 1.", 1, wire.MAX_TAKES, whole=True),
    "sample_rate": Number("Frames a second. Else 48000.", wire.MIN_SAMPLE_RATE, wire.MAX_SAMPLE_RATE, whole=True),
    "channels": Number("Else 1 for a one-shot, 2 for an endless sound.", 1, 2, whole=True),
    "encoding": Choice("How it is sent or written. Else pcm_s16le.", tuple(each.value for each in Encoding)),
    "loudness_lufs": Number(
        "Integrated loudness to reach. Else the effect's own.", wire.MIN_LOUDNESS_LUFS, wire.MAX_LOUDNESS_LUFS
    ),
    "ceiling_dbtp": Number("Highest true peak. Else -1.", wire.MIN_CEILING_DBTP, wire.MAX_CEILING_DBTP),
    "trim": Flag("Cut silence from the end of a one-shot. Else true."),
    "steps": Number("stable_audio: steps of the sampler. Else 8.", 1, wire.MAX_STEPS, whole=True),
    "guidance": Number(
        "stable_audio: how strictly to follow the prompt. Else 1, or 2 with a negative_prompt.",
        wire.MIN_GUIDANCE,
        wire.MAX_GUIDANCE,
    ),
    "negative_prompt": Text("stable_audio: what not to sound like.", MAX_PROMPT_CHARACTERS, lines=True),
    "init_audio": Text(
        "stable_audio: an audio file to begin with, by its path beside the manifest. Only to bake: a server "
        "reads no files.",
        1000,
    ),
    "init_key": Text("stable_audio: instead of init_audio, the key of a sound that is remembered.", 64),
    "init_noise_level": Number(
        "stable_audio: how much of it noise replaces. Else 0.7.",
        wire.MIN_INIT_NOISE_LEVEL,
        wire.MAX_INIT_NOISE_LEVEL,
    ),
    "short_window": Flag("stable_audio: sample only as much as the duration needs."),
    "loop_method": Choice(
        "stable_audio: how a loop is made. Else latents.",
        tuple(method.value for method in wire.LOOP_METHODS.values() if method),
    ),
    "fallback": Flag("Take the procedural engine when the other is not here."),
}
"""The fields of a RenderRequest, by the contract's names. Their ranges are those that `wire` refuses by."""

NAMED: Mapping[str, Field] = {
    "name": Text("What the game calls it; each once."),
    "fx_name": Text(
        "Instead of the name, the FXName of its file.", 24, r'[^_/\\:*?"<>|]+', 'no _ / \\ : * ? " < > |'
    ),
    "ucs_cat_id": Text(
        "Its category in the Universal Category System; else that of the effect.",
        20,
        "[A-Z][A-Za-z0-9]+",
        "a CatID, such as WATRSurf",
    ),
}
"""What names a sound; the last two matter only to files."""

OF_A_SOUND: Mapping[str, Field] = {**NAMED, **ASKED}


def shown(value: Plain) -> str:
    """Return a value for a message, in 80 characters."""
    if isinstance(value, float):
        return f"{value:g}"
    text = {dict: "a map", list: "a list", type(None): "nothing"}.get(type(value)) or (
        str(value).lower() if isinstance(value, bool) else repr(value)
    )
    return text if len(text) <= 80 else text[:77] + "..."


def unknown(name: str, known: Mapping[str, Field]) -> str:
    """Return what to say of a name that is no field."""
    near = difflib.get_close_matches(name, known, 1)
    return f"no such field, perhaps {near[0]}" if near else f"no such field; there are {', '.join(known)}"
