"""Ogg files that are equal when their sounds are: the encoder draws a serial number, and here it is set."""

import struct
import zlib

HEADER_BYTES = 27
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(file: bytes, serial: int) -> bytes:
    """Return a file of one stream with this serial number (uint32) on every page (RFC 3533)."""
    pages, start = [], 0
    while start < len(file):
        segments = file[start + 26]
        sizes = file[start + HEADER_BYTES : start + HEADER_BYTES + segments]
        end = start + HEADER_BYTES + segments + sum(sizes)
        page = bytearray(file[start:end])
        struct.pack_into("<I", page, 14, serial)
        struct.pack_into("<I", page, 22, 0)  # the checksum counts itself as zero
        struct.pack_into("<I", page, 22, _checksum(page))
        pages.append(page)
        start = end
    return b"".join(pages)


def _checksum(page: bytearray) -> int:
    """Return Ogg's checksum: zlib's polynomial, most significant bit first, from 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
