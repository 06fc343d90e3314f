"""FLAC files and the comments in them (RFC 9639, section 8)."""

from collections.abc import Sequence

from swash_server.formats import vorbis_comment

MARKER = b"fLaC"
HEAD_BYTES = 4
LAST = 0x80
STREAM_INFO, COMMENT = 0, 4


def with_comments(file: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """Return a file that holds these comments and no others; its audio stays as it is, byte for byte."""
    assert file.startswith(MARKER), "no FLAC file"
    blocks: list[tuple[int, bytes]] = []
    at, vendor, last = len(MARKER), b"", False
    while not last:
        kind, size = file[at], int.from_bytes(file[at + 1 : at + HEAD_BYTES], "big")
        body = file[at + HEAD_BYTES : at + HEAD_BYTES + size]
        at += HEAD_BYTES + size
        last = bool(kind & LAST)
        if kind & ~LAST == COMMENT:
            vendor = vorbis_comment.vendor_of(body)
        else:
            blocks.append((kind & ~LAST, body))
    blocks.insert(1, (COMMENT, vorbis_comment.packed(vendor, comments)))  # the stream's info stands first
    made = [MARKER]
    for number, (kind, body) in enumerate(blocks):
        flags = LAST if number == len(blocks) - 1 else 0
        made += [bytes([kind | flags]), len(body).to_bytes(3, "big"), body]
    return b"".join([*made, file[at:]])
