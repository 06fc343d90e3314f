"""One take in one message, of the messages that a Render would send."""

from collections.abc import AsyncIterator

from swash.v1 import sound_pb2
from swash_server.errors import TooLargeError

MAX_DATA_BYTES = 3 * 1024 * 1024  # gRPC takes 4 MiB in one message unless a client says otherwise


async def gathered(messages: AsyncIterator[bytes]) -> bytes:
    """Return the serialised FetchResponse; raise TooLargeError as soon as its data is too large."""
    whole = sound_pb2.FetchResponse()
    pieces: list[bytes] = []
    size = 0
    async for message in messages:
        response = sound_pb2.RenderResponse.FromString(message)
        if response.HasField("header"):
            whole.header.CopyFrom(response.header)
        elif response.HasField("trailer"):
            whole.trailer.CopyFrom(response.trailer)
        elif response.HasField("audio"):
            pieces.append(response.audio.data)
            size += len(pieces[-1])
            check_size(size)
    whole.header.frames = whole.trailer.frames  # known by now, whether or not it was when the sound began
    whole.data = b"".join(pieces)
    return whole.SerializeToString()


def check_size(data_bytes: int) -> None:
    """Raise TooLargeError for more than fits."""
    if data_bytes > MAX_DATA_BYTES:
        raise TooLargeError("the sound is larger than 3 MiB, which is too much for one message: Render streams it")
