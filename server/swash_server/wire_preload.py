"""The door for preloading: messages to manifests, and what becomes of takes to messages."""

from swash.v1 import sound_pb2
from swash_model.errors import InvalidAskError
from swash_server.manifests import manifest
from swash_server.manifests.manifest import Manifest
from swash_server.manifests.preload import Event, Failed, Moved
from swash_server.wire import WIRE_CACHED, progress_of


def asked(request: sound_pb2.PreloadRequest) -> tuple[str, Manifest]:
    """Return the tag and what is to be under it; raise InvalidAskError or InvalidManifestError.

    A tag that the call names goes before the one in the manifest.
    """
    match request.WhichOneof("source"):
        case "manifest":
            wanted = manifest.read(request.manifest)
        case "sounds":
            wanted = manifest.of_requests(request.sounds.sounds)
        case _:
            raise InvalidAskError("source", "a manifest or sounds, got neither")
    return manifest.checked_tag(request.tag or wanted.tag or ""), wanted


def response(event: Event, *, total: int, done: int) -> sound_pb2.PreloadResponse:
    """Return what has become of a take."""
    take = event.take
    message = sound_pb2.PreloadResponse(total=total, done=done, sound=take.sound, name=take.name)
    match event:
        case Moved():
            message.progress.CopyFrom(progress_of(take.number, event.progress))
        case Failed():
            message.take.CopyFrom(
                sound_pb2.PreloadedTake(take=take.number, seed=take.order.spec.seed, failure=event.failure)
            )
        case _:
            message.take.CopyFrom(
                sound_pb2.PreloadedTake(
                    take=take.number,
                    key=event.key,
                    seed=event.seed,
                    frames=event.frames,
                    cached=WIRE_CACHED[event.cached],
                )
            )
    return message
