"""Ogg files of one stream (RFC 3533): their serial number and their comments, set after the encoder is done."""

import struct
import zlib
from collections.abc import Iterator, Sequence

from swash_server.formats import vorbis_comment

HEADER_BYTES = 27
MAX_SEGMENTS = 255
FULL_SEGMENT = 255  # a packet ends with the first segment that is shorter
CONTINUED = 1
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

# What begins the packet of comments, what ends it, and how many packets stand before the audio.
_CODECS = {b"OpusHead": (b"OpusTags", b"", 2), b"\x01vorbis": (b"\x03vorbis", b"\x01", 3)}


def with_serial(file: bytes, serial: int) -> bytes:
    """Return a file with this serial number (uint32) on every page, so that equal sounds are equal files."""
    pages = []
    for page in _pages(file):
        struct.pack_into("<I", page, 14, serial)
        pages.append(_sealed(page))
    return b"".join(pages)


def with_comments(file: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """Return an Ogg Vorbis or Opus file that holds these comments and no others; its audio packets stay."""
    pages = list(_pages(file))
    begin, end, heads = next(
        codec for mark, codec in _CODECS.items() if _body(pages[0]).startswith(mark)
    )  # fmt: skip
    packets: list[bytes] = [b""]
    at = 1  # the first packet has a page of its own, and so has the first of the audio
    while len(packets) < heads:
        page = pages[at]
        start = HEADER_BYTES + page[26]
        for size in page[HEADER_BYTES:start]:
            packets[-1] += page[start : start + size]
            start += size
            if size < FULL_SEGMENT:
                packets.append(b"")
        at += 1
    old, *others = packets[:-1]
    vendor = vorbis_comment.vendor_of(old[len(begin) :])
    new = begin + vorbis_comment.packed(vendor, comments) + end
    serial = struct.unpack_from("<I", pages[0], 14)[0]
    made = [pages[0], *_paged([new, *others], serial), *pages[at:]]
    for number, page in enumerate(made):
        struct.pack_into("<I", page, 18, number)
    return b"".join(map(_sealed, made))


def _pages(file: bytes) -> Iterator[bytearray]:
    start = 0
    while start < len(file):
        segments = file[start + 26]
        sizes = file[start + HEADER_BYTES : start + HEADER_BYTES + segments]
        end = start + HEADER_BYTES + segments + sum(sizes)
        yield bytearray(file[start:end])
        start = end


def _body(page: bytearray) -> bytearray:
    return page[HEADER_BYTES + page[26] :]


def _paged(packets: Sequence[bytes], serial: int) -> Iterator[bytearray]:
    """Yield pages, not yet numbered, that hold packets before the audio: their position is 0."""
    sizes = [size for packet in packets for size in _segments(len(packet))]
    body = b"".join(packets)
    for first in range(0, len(sizes), MAX_SEGMENTS):
        some = sizes[first : first + MAX_SEGMENTS]
        kind = CONTINUED if first and sizes[first - 1] == FULL_SEGMENT else 0
        # Of a page on which no packet ends, the position is -1.
        position = 0 if min(some) < FULL_SEGMENT else -1
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, position, serial, 0, 0, len(some))
        yield bytearray(head + bytes(some) + body[: sum(some)])
        body = body[sum(some) :]


def _segments(size: int) -> list[int]:
    return [FULL_SEGMENT] * (size // FULL_SEGMENT) + [size % FULL_SEGMENT]


def _sealed(page: bytearray) -> bytearray:
    """Return a page with its checksum."""
    struct.pack_into("<I", page, 22, 0)  # the checksum counts itself as zero
    struct.pack_into("<I", page, 22, _checksum(page))
    return page


def _checksum(page: bytearray) -> int:
    """Return Ogg's checksum: zlib's polynomial, most significant bit first, from 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
