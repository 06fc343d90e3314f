"""Where a sound comes from, written into its file, so that whoever finds it in a project can make it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from swash_server.formats import flac, ogg, wav
from swash_server.formats.encode import Encoding

OPUS_RATE = 48_000  # every decoder of Opus runs at it, whatever the rate was


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file tells of its sound: `origin` as JSON, `loop` as its first frame and the one behind its last."""

    title: str
    software: str
    licence: str
    ucs_cat_id: str
    origin: Mapping[str, Any]
    loop: tuple[int, int] | None = None


def signed(file: bytes, encoding: Encoding, sample_rate: int, told: Provenance) -> bytes:
    """Return a file with its provenance; its audio stays as it is, byte for byte.

    WAV gets LIST/INFO (a loop has its `smpl` already), the others comments: a loop LOOPSTART and LOOPLENGTH, in
    frames, which game engines know; a one-shot never.
    """
    origin = json.dumps(told.origin, separators=(",", ":"))  # ASCII: readers of INFO disagree on anything else
    match encoding:
        case Encoding.WAV:
            info = {
                "INAM": told.title,
                "ISFT": told.software,
                "ICOP": told.licence,
                "IGNR": told.ucs_cat_id,
                "ICMT": origin,
            }
            return wav.with_info(file, info)
        case Encoding.FLAC:
            return flac.with_comments(file, _comments(told, origin, 1, 1))
        case Encoding.OGG_VORBIS:
            return ogg.with_comments(file, _comments(told, origin, 1, 1))
        case Encoding.OGG_OPUS:
            return ogg.with_comments(file, _comments(told, origin, OPUS_RATE, sample_rate))
    raise AssertionError(f"{encoding} has no place for it")


def _comments(told: Provenance, origin: str, rate: int, over: int) -> list[tuple[str, str]]:
    comments = [
        ("TITLE", told.title),
        ("SOFTWARE", told.software),
        ("LICENSE", told.licence),
        ("COPYRIGHT", told.licence),
        ("GENRE", told.ucs_cat_id),
        ("COMMENT", origin),
    ]
    if told.loop is not None:
        start, end = (frame * rate // over for frame in told.loop)
        comments += [("LOOPSTART", str(start)), ("LOOPLENGTH", str(end - start))]
    return comments
