"""From a manifest to the files that it stands for: their names, and what each must have been made from."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from swash.v1 import sound_pb2
from swash_client.errors import InvalidRequestError
from swash_client.init_audio import init_bytes
from swash_model.engines import NEURAL_ENGINE, Engines
from swash_model.errors import EngineAbsentError, InvalidAskError, SoundError, UnknownSoundError
from swash_model.spec import Ask
from swash_server import wire
from swash_server.formats import ucs
from swash_server.formats.encode import Encoding
from swash_server.making.render_call import RenderCall, Way
from swash_server.making.renderer import Renderer
from swash_server.manifests.manifest import Manifest, Problems, Sound
from swash_server.observability.metrics import Metrics

RECIPE = 1  # rises when files of the same request must be written anew

SUFFIXES = {
    Encoding.PCM_S16LE: ".wav",
    Encoding.WAV: ".wav",
    Encoding.FLAC: ".flac",
    Encoding.OGG_VORBIS: ".ogg",
    Encoding.OGG_OPUS: ".opus",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One file: the request of one take, and what tells whether a file that is there is still right.

    `recipe` is a digest of all that was said, `key` of the sound itself; `key` and `engine_version` are None where
    only the engine knows them and it is not here.
    """

    path: str
    request: sound_pb2.RenderRequest
    encoding: Encoding
    title: str
    name: str
    take: int
    file: str
    ucs_cat_id: str
    recipe: str
    key: str | None
    engine_version: str | None


class Planner:
    """Knows what a manifest asks for."""

    def __init__(
        self, engines: Engines, renderer: Renderer, *, beside: Path, elsewhere: str | None, making: bool
    ) -> None:
        """Take the engines of this process, and the folder of the manifest.

        `elsewhere` is the version of the neural engine of the server that is asked, None if there is none.
        `making` False plans what is not made now, and then an engine that is not here is no error.
        """
        self._engines = engines
        self._renderer = renderer
        self._beside = beside
        self._elsewhere = elsewhere
        self._making = making
        self._metrics = Metrics()

    async def items(self, manifest: Manifest) -> list[Item]:
        """Return every file.

        Raise InvalidManifestError with each sound that cannot be one, or EngineAbsentError.
        """
        problems = Problems()
        planned: list[Item] = []
        for number, sound in enumerate(manifest.sounds):
            path = f"sounds[{number}]"
            try:
                planned += [item async for item in self._of_a_sound(sound, path, manifest)]
            except InvalidAskError as error:
                problems.add(f"{path}.{error.field}", error.problem)
            except UnknownSoundError as error:
                problems.add(f"{path}.prompt", str(error))
            except EngineAbsentError as error:
                raise EngineAbsentError(f"{path}.{error}") from error
        problems.raise_if_any()
        names = ucs.distinct(item.file for item in planned)
        return [replace(item, file=name) for item, name in zip(planned, names, strict=True)]

    async def _of_a_sound(self, sound: Sound, path: str, manifest: Manifest) -> AsyncIterator[Item]:
        request = self._request(sound)
        wanted = wire.wanted(request)
        if wanted.encoding not in SUFFIXES:
            raise InvalidAskError("encoding", f"one that is a file (wav, flac, ...), got {wanted.encoding.value}")
        takes = request.takes or 1
        keys: list[str | None] = [None] * takes
        version = self._elsewhere
        cat_id = sound.ucs_cat_id
        if wanted.engine == NEURAL_ENGINE and self._is_elsewhere():
            wanted.check_engine(NEURAL_ENGINE)
        else:
            way = await self._way(wanted)
            keys = [way.order(take).key() for take in range(takes)]
            version = way.engine.version_of(way.resolved.spec)
            if way.resolved.spec.layers:
                cat_id = cat_id or way.resolved.spec.layers[0].ucs_cat_id
        cat_id = cat_id or self._category(wanted.ask)
        for take, seed in enumerate(wire.seeds_of_takes(request.seed, takes)):
            one = sound_pb2.RenderRequest()
            one.CopyFrom(request)
            one.seed, one.takes = seed, 1
            title = _fx_name(sound, request, take if takes > 1 else None)
            suffix = SUFFIXES[wanted.encoding]
            file = ucs.file_name(cat_id, title, manifest.creator, manifest.source, seed, suffix)
            yield Item(
                path=path if takes == 1 else f"{path} take {take + 1}",
                request=one,
                encoding=wanted.encoding,
                title=title,
                name=sound.name,
                take=take,
                file=file,
                ucs_cat_id=cat_id,
                recipe=_recipe(one, title, sound.name, cat_id),
                key=keys[take],
                engine_version=version,
            )

    def _request(self, sound: Sound) -> sound_pb2.RenderRequest:
        """Return the request as a file is asked for, with the audio to begin with."""
        request = sound_pb2.RenderRequest()
        request.CopyFrom(sound.request)
        if request.encoding in {sound_pb2.ENCODING_UNSPECIFIED, sound_pb2.ENCODING_PCM_S16LE}:
            request.encoding = sound_pb2.ENCODING_WAV  # the same samples, and a place for their provenance
        if sound.init_audio is not None:
            try:
                request.init_audio = init_bytes(self._beside / sound.init_audio)
            except InvalidRequestError as error:
                raise InvalidAskError("init_audio", error.violations[0].description) from error
        return request

    def _is_elsewhere(self) -> bool:
        """Return whether the neural engine is not in this process, and that is as it should be."""
        if NEURAL_ENGINE not in self._engines.absent:
            return False
        return self._elsewhere is not None or not self._making

    async def _way(self, wanted: wire.Wanted) -> Way:
        call = RenderCall(
            wanted,
            engines=self._engines,
            renderer=self._renderer,
            metrics=self._metrics,
            arrived_s=0.0,
            remaining_s=None,
        )
        return await call.way()

    def _category(self, ask: Ask) -> str:
        """Return the CatID of the effect that would sound of these words."""
        try:
            return self._engines.named(None).resolve(Ask(prompt=ask.prompt)).spec.layers[0].ucs_cat_id
        except SoundError as error:
            raise InvalidAskError(
                "ucs_cat_id", "a CatID, as no effect that has one sounds like these words, got none"
            ) from error


def _fx_name(sound: Sound, request: sound_pb2.RenderRequest, take: int | None) -> str:
    number = None if take is None else take + 1
    if sound.fx_name is None:
        words = sound.name or ucs.capitalised(request.prompt or request.effect.replace("/", " ").replace("_", " "))
        return ucs.fx_name(words, take=number)
    name = sound.fx_name if number is None else f"{sound.fx_name} {number:02}"
    if len(name) > ucs.MAX_FX_NAME_CHARACTERS:
        room = ucs.MAX_FX_NAME_CHARACTERS - 3
        raise InvalidAskError(
            "fx_name", f"1 to {room} characters beside the number of a take, got {len(sound.fx_name)}"
        )
    return name


def _recipe(request: sound_pb2.RenderRequest, *named: str) -> str:
    """Return a digest of all that was said about a file."""
    said = [RECIPE, MessageToDict(request, preserving_proto_field_name=True), named]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
