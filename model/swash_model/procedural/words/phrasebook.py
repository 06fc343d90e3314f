"""The words of one other language, and what they are in English: lexicon/zh.toml and its like."""

import functools
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from swash_model.procedural.words.vocabulary import phrases

Kind = Literal["word", "before", "after", "and", "no", "no_after", "at", "of", "stop", "unknown"]
Writing = Literal["spaced", "unspaced", "glued"]

LANGUAGES = ("de", "es", "fr", "ja", "ko", "pt", "ru", "zh")
WITH_MARKS = ("ja", "ko", "zh")  # elsewhere a word is the same without its accents
MEANING: dict[Kind, str] = {
    "and": "and",
    "no": "without",
    "no_after": "without",
    "at": "in",
    "of": "of",
    "stop": "",
}
READ_AS = str.maketrans(dict.fromkeys("・「」～…_", " ") | {"、": ",", "。": ".", "’": "'", "œ": "oe", "Œ": "oe"})
STEM = "*"  # at the end of a word: whatever follows belongs to it
HANGUL_FIRST, HANGUL_LAST = 0xAC00, 0xD7A3  # a syllable's place: (first * 21 + vowel) * 28 + final
FINALS = 28
VOWELS = 21
ENDING_FINALS = (4, 8, 16, 17, 20)  # n, l, m, p, ss: the endings that melt into an open stem
CONTRACTED = {20: 6, 13: 14, 8: 9, 18: 4}  # what a stem's last vowel becomes before -eo: i yeo, u wo, o wa, eu eo


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or phrase of a prompt, what it does in the sentence, and the English for it."""

    kind: Kind
    english: str
    original: str = ""


@dataclass(slots=True)
class Node:
    """Where phrases that begin alike part: by whole words, and by the beginnings of words."""

    words: "dict[str, Node]" = field(default_factory=dict)
    stems: "dict[str, Node]" = field(default_factory=dict)
    piece: Piece | None = None


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The words of one language. How it is written and ordered is said at the head of its file.

    `longest` counts the characters of its longest word or phrase; `endings` are exchanged to find a word that
    is not listed as it stands, (ending, what stands instead).
    """

    language: str
    root: Node
    longest: int
    writing: Writing
    endings: tuple[tuple[str, str], ...]
    compounds: bool
    adjectives_follow: bool
    thing_last: bool

    def longest_match(self, tokens: Sequence[str], at: int = 0) -> tuple[int, Piece | None]:
        """Return how many tokens the longest phrase from here takes, and what it means; 0 and None for none."""
        return _longest(self.root, tokens, at)


@functools.cache
def phrasebook(language: str) -> Phrasebook:
    """Return the words of a language, read at the first call."""
    path = files("swash_model.procedural.words") / "lexicon" / f"{language}.toml"
    return phrasebook_of(language, tomllib.loads(path.read_text(encoding="utf-8")))


def phrasebook_of(language: str, document: Mapping[str, Any]) -> Phrasebook:
    """Return the phrasebook that a document describes; raise ValueError for a word that is there twice."""
    writing: Writing = document.get("writing", "spaced")
    root = Node()
    longest = 1
    listed = [(normal(said, language), piece) for said, piece in rows(document)]
    for text, piece in listed:
        node = _node(root, [text] if writing == "unspaced" else text.replace("-", " ").split())
        if node.piece is not None:
            raise ValueError(f"{piece.original!r} is in the lexicon of {language!r} twice")
        node.piece = piece
        longest = max(longest, len(text))
    if writing == "glued":
        for text, piece in listed:
            for form in contracted(text):
                node = _node(root, form.split())
                node.piece = node.piece or piece  # what is listed as it stands is meant so
    endings = (ending.partition("=") for ending in phrases(document.get("endings", "")))
    return Phrasebook(
        language,
        root,
        longest,
        writing,
        tuple((ending, instead) for ending, _, instead in endings),
        compounds=document.get("compounds", False),
        adjectives_follow=document.get("adjectives_follow", False),
        thing_last=document.get("thing_last", False),
    )


def contracted(text: str) -> Iterator[str]:
    """Yield the other shapes of a Korean stem that ends in a vowel: "떨어지*" is in 떨어진다, 떨어져, 떨어졌다."""
    stem = text.removesuffix(STEM)
    if stem == text or len(stem.split()[-1]) < 2 or not HANGUL_FIRST <= ord(stem[-1]) <= HANGUL_LAST:
        return
    open_syllable = ord(stem[-1])
    if (open_syllable - HANGUL_FIRST) % FINALS:
        return
    yield from (stem[:-1] + chr(open_syllable + final) + STEM for final in ENDING_FINALS)
    vowel = (open_syllable - HANGUL_FIRST) // FINALS % VOWELS
    if vowel in CONTRACTED:
        past = open_syllable + (CONTRACTED[vowel] - vowel) * FINALS
        yield from (stem[:-1] + chr(past + final) + STEM for final in (0, ENDING_FINALS[-1]))


def normal(text: str, language: str) -> str:
    """Return text as it is compared: lower case; without accents where a word is the same word without."""
    text = text.translate(READ_AS)
    if language in WITH_MARKS:
        return unicodedata.normalize("NFKC", text).casefold()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character)).replace("'", " ")


def rows(document: Mapping[str, Any]) -> Iterator[tuple[str, Piece]]:
    """Yield every word and phrase of a document with what it means."""
    for kind, means in MEANING.items():
        yield from ((said, Piece(kind, means, said)) for said in phrases(document["grammar"].get(kind, "")))
    preposition: Kind
    for preposition in ("before", "after"):
        for means, listed in document.get(preposition, {}).items():
            yield from ((said, Piece(preposition, means, said)) for said in phrases(listed))
    for theme in document["words"].values():
        for means, listed in theme.items():
            yield from ((said, Piece("word", means, said.removesuffix(STEM))) for said in phrases(listed))


def _node(root: Node, words: Sequence[str]) -> Node:
    """Return the place of a phrase, made where there is none yet."""
    node = root
    for word in words:
        children = node.stems if word.endswith(STEM) else node.words
        node = children.setdefault(word.removesuffix(STEM), Node())
    return node


def _longest(node: Node, tokens: Sequence[str], at: int) -> tuple[int, Piece | None]:
    """Return how many tokens the longest phrase from here takes, and what it means."""
    best: tuple[int, Piece | None] = (0, node.piece)
    if at == len(tokens):
        return best
    word = tokens[at]
    for child in _children(node, word):
        length, piece = _longest(child, tokens, at + 1)
        if piece is not None and length + 1 > best[0]:
            best = (length + 1, piece)
    return best


def _children(node: Node, word: str) -> Iterator[Node]:
    """Yield where a word leads: as it is, then by its beginnings, the longest first."""
    if child := node.words.get(word):
        yield child
    if node.stems:
        for end in range(len(word), 0, -1):
            if child := node.stems.get(word[:end]):
                yield child
