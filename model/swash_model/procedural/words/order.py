"""Pieces of another language in the order that English has: first the thing, then what it is on, in or without."""

from collections.abc import Iterator, Sequence

from swash_model.procedural.words.phrasebook import Phrasebook, Piece
from swash_model.procedural.words.vocabulary import STRONG, Vocabulary, english


def in_english_order(pieces: Sequence[Piece], book: Phrasebook) -> list[Piece]:
    """Return the pieces of a prompt, each clause turned as English has it; words that mean nothing are gone."""
    return [piece for clause in _clauses(pieces) for piece in _turned(clause, book)]


def _clauses(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces between conjunctions, and each conjunction by itself."""
    clause: list[Piece] = []
    for piece in pieces:
        if piece.kind == "and":
            yield clause
            yield [piece]
            clause = []
        else:
            clause.append(piece)
    yield clause


def _turned(clause: Sequence[Piece], book: Phrasebook) -> list[Piece]:
    """Return a clause in English order: first the thing, then what it is on, in or without."""
    for number, piece in enumerate(clause):
        if piece.kind in {"after", "no_after"}:
            return _with_place_last(clause, number, number + 1, book)
        if piece.kind in {"before", "no"} and book.thing_last:
            # What comes before its noun with "of" between them: "without thunder's rain".
            ends = [at for at in range(number + 1, len(clause)) if clause[at].kind == "of"]
            if ends and _content(clause[ends[0] + 1 :]) and not _any_after(clause[number : ends[0]]):
                before, place, thing = clause[:number], clause[number + 1 : ends[0]], clause[ends[0] + 1 :]
                return [*_turned(before, book), *_turned(thing, book), piece, *_turned(place, book)]
    return list(_noun_phrases(clause, book))


def _with_place_last(clause: Sequence[Piece], at: int, end: int, book: Phrasebook) -> list[Piece]:
    """Return a clause with the place that stands before its postposition moved to the end."""
    starts = [number for number in range(at) if clause[number].kind in {"at", "before"}]
    start = starts[-1] if starts else -1
    before = clause[: max(start, 0)]
    place = clause[start + 1 : at]
    thing = clause[end:]
    link = clause[at]
    if not _content(place):
        return [*_turned(before, book), *_turned(thing, book)]
    return [*_turned(before, book), *_turned(thing, book), link, *_turned(place, book)]


def _content(pieces: Sequence[Piece]) -> bool:
    return any(piece.kind in {"word", "unknown"} for piece in pieces)


def _any_after(pieces: Sequence[Piece]) -> bool:
    return any(piece.kind in {"after", "no_after"} for piece in pieces)


def _noun_phrases(clause: Sequence[Piece], book: Phrasebook) -> Iterator[Piece]:
    """Yield a clause with its nouns' descriptions before them: "door of wood" is a wood door."""
    phrase: list[Piece] = []
    for piece in [*clause, None]:
        if piece is None or piece.kind in {"before", "no", "at"}:
            yield from _noun_phrase(phrase, book)
            phrase = []
            if piece is not None:
                yield piece
        elif piece.kind != "stop":
            phrase.append(piece)


def _noun_phrase(phrase: Sequence[Piece], book: Phrasebook) -> list[Piece]:
    nouns: list[list[Piece]] = [[]]
    for number, piece in enumerate(phrase):
        if piece.kind == "of":
            if nouns[-1] and book.adjectives_follow and _names_outside(phrase[number + 1 :]):
                # "A thunder of applause" is to be weighed as such.
                first = [each for noun in reversed(nouns) for each in _adjectives_first(noun)]
                return [*first, piece, *_noun_phrase(phrase[number + 1 :], book)]
            nouns.append([])
        else:
            nouns[-1].append(piece)
    if book.adjectives_follow:
        return [piece for noun in reversed(nouns) for piece in _adjectives_first(noun)]
    return [piece for noun in nouns for piece in noun]


def _names_outside(phrase: Sequence[Piece]) -> bool:
    """Tell whether the next noun names a sound that no effect makes."""
    noun = next((piece for piece in phrase if piece.kind in {"word", "unknown"}), None)
    if noun is None or noun.kind == "unknown":
        return noun is not None
    entry, _ = english().longest_match(noun.english.split())
    return entry is not None and entry.outside >= STRONG and not entry.sounds


def _adjectives_first(noun: Sequence[Piece]) -> list[Piece]:
    """Return words with each adjective before the noun that it follows."""
    vocabulary = english()
    ordered: list[Piece] = []
    start = 0  # of the last noun
    for piece in noun:
        if ordered and _describes(piece, vocabulary) and not _describes(ordered[-1], vocabulary):
            ordered.insert(start, piece)
        else:
            start = len(ordered)
            ordered.append(piece)
    return ordered


def _describes(piece: Piece, vocabulary: Vocabulary) -> bool:
    """Tell whether the English for a piece only describes: it changes something, and names nothing."""
    if piece.kind != "word" or piece.english[0].isdecimal():
        return False
    entry, length = vocabulary.longest_match(piece.english.split())
    if entry is None or length < len(piece.english.split()):
        return False
    return entry.role == "adverb" or (entry.role == "content" and not entry.sounds and not entry.outside)
