"""A prompt in another language, cut into pieces: at spaces, or by the longest words that are known."""

import re
from collections.abc import Iterator, Mapping, Sequence

from swash_model.procedural.words.phrasebook import Phrasebook, Piece, normal

SPACED_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[,;:.!?()|/&+]")
UNSPACED_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[,;:.!?()|/&+]|\S")
HIRAGANA = re.compile("[\u3041-\u3096]*")
JOINTS = ("", "s", "n", "en", "es", "er", "e")  # between the parts of a German compound
SHORTEST_PART = 3
SHORTEST_STEM = 3
AND_THEN = ("고", "고서", "며", "면서", "더니", "자마자", "지만")  # of Korean verbs: another clause follows
GOES_ON = "있"  # after such an ending: no other clause, but "is doing"
LONGEST_WORD = 40  # letters; longer ones are not taken apart


def pieces_of(prompt: str, book: Phrasebook) -> list[Piece]:
    """Return a prompt as pieces, in the order in which it has them."""
    text = normal(prompt, book.language)
    if book.writing == "unspaced":
        return _unknown_joined(list(_unspaced(book, text)))
    tokens = SPACED_TOKEN.findall(text)
    return list(_glued_together(book, tokens) if book.writing == "glued" else _spaced(book, tokens))


def _spaced(book: Phrasebook, tokens: Sequence[str]) -> Iterator[Piece]:
    at = 0
    while at < len(tokens):
        length, piece = book.longest_match(tokens, at)
        if piece is None:
            length, piece = 1, _inflected(book, tokens[at])
        if piece is not None:
            yield piece
        else:
            yield from _plain(tokens[at]) or _opened(book, tokens[at])
        at += length


def _inflected(book: Phrasebook, word: str) -> Piece | None:
    """Return what a word means that is not listed, but is with another ending."""
    for ending, instead in book.endings:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            node = book.root.words.get(word.removesuffix(ending) + instead)
            if node and node.piece and node.piece.kind == "word":
                return node.piece
    return None


def _opened(book: Phrasebook, word: str) -> list[Piece]:
    """Return the parts of a compound, or the unknown word."""
    parts = _parts(book, word) if book.compounds else None
    return parts or [Piece("unknown", "", word)]


def _parts(book: Phrasebook, word: str) -> list[Piece] | None:
    """Return the parts of a German compound, the longest first part that works."""
    if len(word) > LONGEST_WORD:
        return None
    tails: dict[int, list[Piece] | None] = {}  # what stands from a character to the end, as parts
    for start in range(len(word) - SHORTEST_PART, -1, -1):
        last = book.longest_match([word[start:]])[1] if start else None
        tails[start] = [last] if last and last.kind == "word" else _first_and_rest(book, word, start, tails)
    return tails.get(0)


def _first_and_rest(
    book: Phrasebook, word: str, start: int, tails: Mapping[int, list[Piece] | None]
) -> list[Piece] | None:
    for end in range(len(word) - SHORTEST_PART, start + SHORTEST_PART - 1, -1):
        if first := _part(book, word[start:end]):
            for joint in JOINTS:
                rest = tails.get(end + len(joint)) if word.startswith(joint, end) else None
                if rest:
                    return [first, *rest]
    return None


def _part(book: Phrasebook, part: str) -> Piece | None:
    node = book.root.words.get(part) or book.root.stems.get(part)
    if node is None and part[-1] != "e":
        node = book.root.words.get(part + "e")  # Schule, Schulhof
    return node.piece if node and node.piece and node.piece.kind == "word" else None


def _unspaced(book: Phrasebook, text: str) -> Iterator[Piece]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        for end in range(min(len(text), at + book.longest), at, -1):
            said = text[at:end]
            if (node := book.root.words.get(said)) and node.piece:
                at = end
                yield node.piece
                break
            if (node := book.root.stems.get(said)) and node.piece:
                ending = HIRAGANA.match(text, end)
                at = ending.end() if ending else end
                yield node.piece
                break
        else:
            token = UNSPACED_TOKEN.match(text, at)
            word = token[0] if token else text[at]
            at += len(word)
            yield from _plain(word) or [Piece("unknown", "", word)]


def _glued_together(book: Phrasebook, tokens: Sequence[str]) -> Iterator[Piece]:
    """Yield the pieces of phrases, then of words with what is glued to them; a word is known whole or not."""
    at = 0
    while at < len(tokens):
        length, piece = book.longest_match(tokens, at)
        if piece is not None and length > 1:
            pieces = [piece]
        else:
            length = 1
            pieces = _plain(tokens[at]) or _glued(book, tokens[at]) or [Piece("unknown", "", tokens[at])]
        yield from pieces
        at += length
        if at < len(tokens) and _leads_on(tokens[at - 1], pieces[-1]) and not tokens[at].startswith(GOES_ON):
            yield Piece("and", "and", tokens[at - 1])


def _leads_on(token: str, last: Piece) -> bool:
    """Tell whether a Korean verb's ending, which its stem has taken in, is an "and"."""
    return last.kind == "word" and token.endswith(AND_THEN) and not last.original.endswith(token)


def _glued(book: Phrasebook, word: str) -> list[Piece] | None:
    """Return the pieces that make up a Korean word, the longest first; None if they do not make up all of it."""
    if len(word) > LONGEST_WORD:
        return None
    tails: dict[int, list[Piece] | None] = {len(word): []}  # what stands from a syllable to the end, as pieces
    for start in range(len(word) - 1, -1, -1):
        tails[start] = _piece_and_rest(book, word, start, tails)
    return tails[0]


def _piece_and_rest(
    book: Phrasebook, word: str, start: int, tails: Mapping[int, list[Piece] | None]
) -> list[Piece] | None:
    for end in range(len(word), start, -1):
        node = book.root.words.get(word[start:end])
        particle = node and node.piece and node.piece.kind == "after" and start == 0 and end < len(word)
        if node and node.piece and not particle and (rest := tails[end]) is not None:
            return [node.piece, *rest]
        node = book.root.stems.get(word[start:end])
        if node and node.piece:
            return [node.piece]
    return None


def _plain(token: str) -> list[Piece]:
    """Return the piece of a number or of punctuation; [] for a word."""
    if token[0].isdecimal():
        return [Piece("word", token.replace(",", "."), token)]
    return [] if token[0].isalpha() else [Piece("and", ",", token)]


def _unknown_joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Join unknown characters to words; a single character beside one is a part of it, and not a word."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        beside = last is not None and "unknown" in {last.kind, piece.kind}
        if last and beside and all(each.kind == "unknown" or _is_character(each) for each in (last, piece)):
            joined[-1] = Piece("unknown", "", last.original + piece.original)
        else:
            joined.append(piece)
    return joined


def _is_character(piece: Piece) -> bool:
    return piece.kind == "word" and len(piece.original) == 1 and not piece.original.isascii()
