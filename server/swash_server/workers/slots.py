"""Memory that two processes see: places through which blocks of sound pass.

The parent owns the places. It lends one with a request and has it back with the answer, so nobody locks. The
memory is a file without a name: it is gone when both have ended, however they do.
"""

import mmap
import os
import tempfile

import numpy as np

from swash_model.spec import Block
from swash_server.making.tape import PIECE_FRAMES

SLOTS = 8  # turns that one worker may be asked for at once
SLOT_SAMPLES = 2 * 2 * PIECE_FRAMES  # two turns of stereo
SLOT_BYTES = 4 * SLOT_SAMPLES


def shared_memory() -> int:
    """Return the descriptor of new shared memory; whoever asked closes it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("swash-slots")
    else:  # a file that has lost its name
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SLOTS * SLOT_BYTES)
    return descriptor


class Slots:
    """The places, as one of the two processes sees them."""

    def __init__(self, descriptor: int) -> None:
        """Map them; the descriptor may be closed then."""
        self._memory = mmap.mmap(descriptor, SLOTS * SLOT_BYTES)

    def put(self, slot: int, block: Block) -> None:
        """Write a block, shape (frames, channels), of at most SLOT_SAMPLES samples."""
        self._samples(slot, block.size)[:] = block.reshape(-1)

    def take(self, slot: int, frames: int, channels: int) -> Block:
        """Return a copy of a block, shape (frames, channels)."""
        return self._samples(slot, frames * channels).reshape(frames, channels).copy()

    def close(self) -> None:
        """Let the memory go."""
        self._memory.close()

    def _samples(self, slot: int, samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        assert 0 <= slot < SLOTS
        assert samples <= SLOT_SAMPLES
        return np.frombuffer(self._memory, np.float32, samples, slot * SLOT_BYTES)
