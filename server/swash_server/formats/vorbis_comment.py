"""Comments as FLAC and Ogg files hold them: a vendor, then NAME=value (Vorbis I, section 5)."""

import struct
from collections.abc import Sequence


def packed(vendor: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """Return the bytes of a list of names, in ASCII, and values."""
    lines = [f"{name}={value}".encode() for name, value in comments]
    parts = [_sized(vendor), struct.pack("<I", len(lines)), *map(_sized, lines)]
    return b"".join(parts)


def vendor_of(data: bytes) -> bytes:
    """Return what packed bytes name as the encoder."""
    (size,) = struct.unpack_from("<I", data)
    return data[4 : 4 + size]


def _sized(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text
