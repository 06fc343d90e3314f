"""A prompt in another language as English words, which the one grammar then reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from swash_model.procedural.words.order import in_english_order
from swash_model.procedural.words.phrasebook import Phrasebook, Piece, phrasebook
from swash_model.procedural.words.pieces import pieces_of
from swash_model.procedural.words.sentence import UNKNOWN

LATIN = ("de", "es", "fr", "pt")
KANA = re.compile("[\u3041-\u30fa\u30fc-\u30ff]")
HAN = re.compile("[\u4e00-\u9fff]")
HANGUL = re.compile("[\uac00-\ud7a3]")
CYRILLIC = re.compile("[\u0400-\u04ff]")


@dataclass(frozen=True, slots=True)
class Translation:
    """A prompt in another language as English words, `unknown` ones marked; `words` reads as English does."""

    language: str
    tokens: tuple[str, ...]
    words: str
    known: int
    unknown: int


def translation_of(prompt: str, english_unknown: int) -> Translation | None:
    """Return a prompt in English words; None when it is English, or no language that is known.

    `english_unknown` tells how many of its words mean nothing in English.
    """
    if CYRILLIC.search(prompt):
        languages: tuple[str, ...] = ("ru",)
    elif HANGUL.search(prompt):
        languages = ("ko",)
    elif KANA.search(prompt):
        languages = ("ja",)
    elif HAN.search(prompt):
        languages = ("zh", "ja")
    elif english_unknown:
        languages = LATIN
    else:
        return None
    found = [(language, pieces_of(prompt, phrasebook(language))) for language in languages]
    language, pieces = min(found, key=lambda each: (_unknown(each[1]), -_known(each[1])))
    if not _known(pieces) or (languages == LATIN and _unknown(pieces) >= english_unknown):
        return None
    return _translated(phrasebook(language), pieces)


def _known(pieces: Sequence[Piece]) -> int:
    """Return how many pieces are words that mean something, and no numbers."""
    return sum(piece.kind == "word" and not piece.english[0].isdecimal() for piece in pieces)


def _unknown(pieces: Sequence[Piece]) -> int:
    return sum(piece.kind == "unknown" for piece in pieces)


def _translated(book: Phrasebook, pieces: Sequence[Piece]) -> Translation:
    tokens: list[str] = []
    said: list[str] = []
    for piece in in_english_order(pieces, book):
        if piece.kind == "unknown":
            tokens.append(UNKNOWN + piece.original)
        elif piece.english:
            tokens += piece.english.split()
            said.append(piece.english)
    words = " ".join(said).replace(" ,", ",").strip(" ,")
    return Translation(book.language, tuple(tokens), words, _known(pieces), _unknown(pieces))
