"""Messages between processes of ours: a length and a pickle, over a socket pair that nobody else has."""

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from swash_model.errors import SoundError
from swash_server.errors import SwashError, WorkerError
from swash_server.observability import logs

LENGTH = struct.Struct("<I")
READY = "ready"
LIVE, SOUND = b"l", b"s"  # the kinds of workers that a zygote forks


def pack(message: object) -> bytes:
    """Return a message as a frame."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def unpack(file: BinaryIO) -> Any:
    """Return the next message, None when the other end is gone. Only what our own processes write is read."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = file.read(size)
    return pickle.loads(data) if len(data) == size else None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way to another process: of our own kinds as it is, of any other its wordless traceback."""

    kind: type[Exception]
    arguments: tuple[Any, ...]
    state: dict[str, Any]

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Return what is told of an error."""
        if isinstance(error, (SoundError, SwashError)):
            return cls(type(error), error.args, dict(vars(error)))
        return cls(WorkerError, ("\n" + "".join(logs.wordless(error)),), {})

    def error(self) -> Exception:
        """Return the error. It is not made anew: those of our kinds are made from other words than they keep."""
        error = self.kind.__new__(self.kind, *self.arguments)
        error.args = self.arguments
        vars(error).update(self.state)
        return error
