"""A manifest: the sounds that a level needs, as a text. Read here for servers and for the command line alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from swash.v1 import sound_pb2
from swash_model.errors import InvalidAskError
from swash_model.spec import LoopMethod
from swash_server import wire
from swash_server.errors import InvalidManifestError
from swash_server.formats.encode import Encoding
from swash_server.manifests.manifest_fields import (
    ASKED,
    OF_A_SOUND,
    Field,
    Nested,
    Number,
    Schema,
    Text,
    shown,
    unknown,
)
from swash_server.manifests.manifest_text import FIELD, Plain, plain

VERSION = 1
MAX_TAKES = 10_000
MAX_PROBLEMS = 20
MAX_TAG_CHARACTERS = 100
DEFAULT_CREATOR, DEFAULT_SOURCE = "SWSH", "NONE"

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound of a manifest: a valid request, its seed said, and how its files are named.

    `init_audio` is the path of a file that whoever may read files is to put into the request.
    """

    request: sound_pb2.RenderRequest
    name: str = ""
    fx_name: str | None = None
    ucs_cat_id: str | None = None
    init_audio: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says."""

    sounds: tuple[Sound, ...]
    tag: str | None = None
    creator: str = DEFAULT_CREATOR
    source: str = DEFAULT_SOURCE


class Problems:
    """Collects what is wrong, up to a bound, to be told at once."""

    def __init__(self) -> None:
        self._found: list[InvalidAskError] = []

    def add(self, field: str, problem: str) -> None:
        """Note what is wrong with a field; raise InvalidManifestError when there is enough to tell."""
        self._found.append(InvalidAskError(field, problem))
        if len(self._found) == MAX_PROBLEMS:
            raise InvalidManifestError(self._found, perhaps_more=True)

    def raise_if_any(self) -> None:
        """Raise InvalidManifestError with what was found."""
        if self._found:
            raise InvalidManifestError(self._found)

    @property
    def count(self) -> int:
        """Return how many were found."""
        return len(self._found)


def read(text: str) -> Manifest:
    """Return what a manifest says; raise InvalidManifestError with every line that is wrong, at most 20."""
    problems = Problems()
    try:
        said = plain(text)
    except InvalidAskError as error:
        raise InvalidManifestError([error]) from error
    if not isinstance(said, dict):
        problems.add(FIELD, f"names and values, such as `swash: {VERSION}`, got {shown(said)}")
        problems.raise_if_any()
    head = _fields(said, TOP, "", problems)
    if head.get("swash") is None and "swash" not in said:
        problems.add("swash", f"the format's version, {VERSION}, got none")
    defaults = _map(head.get("defaults"), "defaults", problems)
    defaults = _fields(defaults, _DEFAULTS, "defaults", problems)
    manifest = Manifest(
        sounds=tuple(_sounds(head.get("sounds"), defaults, problems)),
        tag=head.get("tag"),
        creator=head.get("creator") or DEFAULT_CREATOR,
        source=head.get("source") or DEFAULT_SOURCE,
    )
    problems.raise_if_any()
    check_takes(sound.request for sound in manifest.sounds)
    return manifest


def of_requests(requests: Iterable[sound_pb2.RenderRequest]) -> Manifest:
    """Return the manifest of bare requests, checked alike; their seeds are said now."""
    problems = Problems()
    sounds = []
    for number, asked in enumerate(requests):
        request = sound_pb2.RenderRequest()
        request.CopyFrom(asked)
        request.seed = asked.seed  # absent is 0
        if request.first_frame:
            problems.add(f"sounds[{number}].first_frame", f"0: all of a sound is kept, got {request.first_frame}")
        _check(request, f"sounds[{number}]", problems)
        sounds.append(Sound(request))
    if not sounds:
        problems.add("sounds", f"1 to {MAX_TAKES}, got none")
    problems.raise_if_any()
    check_takes(sound.request for sound in sounds)
    return Manifest(tuple(sounds))


def checked_tag(tag: str) -> str:
    """Return a tag that may be used; raise InvalidAskError."""
    if (problem := _TAG.problem(tag)) is not None:
        raise InvalidAskError("tag", problem)
    return tag


def check_takes(requests: Iterable[sound_pb2.RenderRequest]) -> None:
    """Raise InvalidManifestError for too many takes."""
    takes = sum(request.takes or 1 for request in requests)
    if takes > MAX_TAKES:
        raise InvalidManifestError([InvalidAskError("sounds", f"at most {MAX_TAKES} takes of all, got {takes}")])


def _sounds(said: Plain, defaults: dict[str, Any], problems: Problems) -> Iterable[Sound]:
    if not isinstance(said, list) or not 1 <= len(said) <= MAX_TAKES:
        got = str(len(said)) if isinstance(said, list) else shown(said)
        problems.add("sounds", f"a list of 1 to {MAX_TAKES} sounds, got {got}")
        return
    names: dict[str, str] = {}
    for number, one in enumerate(said):
        path = f"sounds[{number}]"
        before = problems.count
        given = _fields(_map(one, path, problems), OF_A_SOUND, path, problems)
        name = given.get("name")
        if name is not None and (first := names.setdefault(name, path)) != path:
            problems.add(f"{path}.name", f"each once, got {shown(name)}, which {first} has")
        if problems.count == before:
            yield _sound(_over(defaults, given), path, problems)


def _over(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return what a sound says over what the defaults say; None unsays a default."""
    rivals = [{"prompt", "effect"}, {"init_audio", "init_key"}]
    taken = {name for pair in rivals if pair & given.keys() for name in pair}
    said = {name: value for name, value in defaults.items() if name not in taken} | given
    if "parameters" in defaults and given.get("parameters"):
        said["parameters"] = defaults["parameters"] | given["parameters"]
    return {name: value for name, value in said.items() if value is not None}


def _sound(said: dict[str, Any], path: str, problems: Problems) -> Sound:
    request = sound_pb2.RenderRequest(seed=0)
    rivals = [("prompt", "effect"), ("init_audio", "init_key")]
    both = [f"{one} or {other}" for one, other in rivals if one in said and other in said]
    for pair in both:
        problems.add(path, f"{pair}, got both")
    for name, value in said.items():
        if name in ASKED:
            _put(request, name, value)
    if not both:
        _check(request, path, problems)
    return Sound(
        request,
        said.get("name", ""),
        said.get("fx_name"),
        said.get("ucs_cat_id"),
        said.get("init_audio"),
    )


def _put(request: sound_pb2.RenderRequest, name: str, value: Any) -> None:
    match name:
        case "encoding":
            request.encoding = wire.WIRE_ENCODINGS[Encoding(value)]
        case "loop_method":
            request.loop_method = wire.WIRE_LOOP_METHODS[LoopMethod(value)]
        case "parameters":
            for parameter, one in value.items():
                setattr(request.parameters[parameter], "choice" if isinstance(one, str) else "number", one)
        case "init_audio":
            request.init_audio = b""  # there will be some: whoever may read files puts it here
        case _:
            whole = isinstance(field := ASKED[name], Number) and field.whole
            setattr(request, name, int(value) if whole else value)  # 3.0 is 3


def _check(request: sound_pb2.RenderRequest, path: str, problems: Problems) -> None:
    """Note what else is wrong: what one field asks of another."""
    try:
        wire.wanted(request)
    except InvalidAskError as error:
        problems.add(path if error.field == "sound" else f"{path}.{error.field}", error.problem)


def _map(said: Plain, path: str, problems: Problems) -> dict[str, Any]:
    if said is None and path == "defaults":
        return {}
    if not isinstance(said, dict):
        problems.add(path, f"names and values, got {shown(said)}")
        return {}
    return said


def _fields(said: dict[str, Any], known: Mapping[str, Field], path: str, problems: Problems) -> dict[str, Any]:
    """Return the fields that are right, and note what is wrong with the others."""
    right = {}
    for name, value in said.items():
        where = f"{path}.{name[:80]}" if path else name[:80]
        problem = None
        if name not in known:
            problem = unknown(name, known)
        elif value is not None:
            problem = known[name].problem(value)
        if problem is None:
            right[name] = value
        else:
            problems.add(where, problem)
    return right


def schema() -> Schema:
    """Return the JSON Schema of a manifest, as docs/reference/manifest.schema.json publishes it."""
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "A manifest of swash",
        "description": "The sounds that a level of a game needs, to preload or to bake: docs/guides/baking.md.",
        **_object(TOP),
        "required": ["swash", "sounds"],
    }


def _object(known: Mapping[str, Field]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(field) for name, field in known.items()},
    }


def _property(field: Field) -> Schema:
    """Return the schema of a field; null is as if it were not there."""
    made = field.schema()
    if "enum" in made:
        made = {"enum": [*made["enum"], None]}
    elif isinstance(kind := made.get("type"), str) and not isinstance(field, Nested):
        made = {**made, "type": [kind, "null"]}
    return {"description": field.what, **made}


def _one_sound() -> Schema:
    return _object(OF_A_SOUND)


_DEFAULTS = {name: field for name, field in OF_A_SOUND.items() if name not in {"name", "fx_name"}}
_TAG = Text("Names the sounds together, to unload them.", MAX_TAG_CHARACTERS)

TOP: Mapping[str, Field] = {
    "$schema": Text("Of this schema, for editors.", 1000),
    "swash": Number("Version of the format.", VERSION, VERSION, whole=True),
    "tag": _TAG,
    "creator": Text(
        "CreatorID in the names of files. Else SWSH.", 16, "[A-Za-z0-9-]+", "letters, digits and - only"
    ),
    "source": Text(
        "SourceID in the names of files: your project. Else NONE.",
        40,
        "[A-Za-z0-9-]+",
        "letters, digits and - only",
    ),
    "defaults": Nested("What every sound says that does not say it itself.", lambda: _object(_DEFAULTS)),
    "sounds": Nested(
        "The sounds.",
        lambda: {"type": "array", "minItems": 1, "maxItems": MAX_TAKES, "items": _one_sound()},
    ),
}
"""What stands at the left edge."""
