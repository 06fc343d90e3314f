"""A prompt as terms: its words looked up, longest phrase first, in chunks that prepositions and commas part."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from swash_model.procedural.words.vocabulary import LEADING_ON, LINKS, Entry, Role, Vocabulary

TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[,;:.!?()|/&+]")
PUNCTUATION = frozenset(",;:.!?()|/&+")
UNKNOWN = (
    "~"  # before a word of another language that no lexicon knows: so that it means nothing in English either
)
MAX_TERMS = 200  # a prompt of a thousand characters has no more words; the rest is not read


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase where it stands; `entry` None when nobody knows it, `count` 3 in "three slow steps".

    `guessed` is a word that is spelled almost like the one it is taken for.
    """

    words: str
    entry: Entry | None
    chunk: int
    negated: bool = False
    emphasis: float = 1.0
    count: int | None = None
    guessed: bool = False

    def says(self, effect: str) -> float:
        """Return how strongly it names an effect, 0..1."""
        return self.entry.sounds.get(effect, 0.0) if self.entry and not self.negated else 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """How a run of terms hangs on what stands before it, and the clause it belongs to."""

    link: Role
    clause: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A prompt, taken apart; `duration_s` is a length in numbers ("3 seconds")."""

    terms: tuple[Term, ...]
    chunks: tuple[Chunk, ...]
    duration_s: float | None = None


def parse(words: Sequence[str], vocabulary: Vocabulary) -> Sentence:
    """Return the sentence of a prompt's words; any have one, perhaps empty."""
    return _Parser(vocabulary).parse(list(words))


def tokens(prompt: str) -> list[str]:
    """Return the words, numbers and punctuation of a prompt: lower case, without accents, hyphens opened."""
    plain = unicodedata.normalize("NFKD", prompt.replace("’", "'")).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    # "don't" is one word, "river's" is "river s".
    plain = re.sub(r"'(?=s\b)", " ", plain).replace("'", "")
    # "Thunder-free" is without it; "free" by itself says nothing.
    plain = re.sub(r"\b([a-z]+)-(?:free|less)\b", r"not \1", plain)
    return TOKEN.findall(plain)


class _Parser:
    """Walks over the tokens once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._units = vocabulary.seconds.keys() | vocabulary.metres.keys()
        self._terms: list[Term] = []
        self._chunks = [Chunk("and", 0)]
        self._negation = ""  # the word that negates until the clause ends
        self._negate_next = False
        self._emphasis = 1.0
        self._duration_s: float | None = None
        self._count: int | None = None

    def parse(self, words: list[str]) -> Sentence:
        at = 0
        while at < len(words) and len(self._terms) < MAX_TERMS:
            at += self._read(words[at : at + 8])
        return Sentence(_styled(self._terms, self._chunks), tuple(self._chunks), self._duration_s)

    def _read(self, words: list[str]) -> int:
        """Read what comes next; return how many tokens that was."""
        if words[0] in PUNCTUATION:
            self._open("and", words[0])
            return 1
        entry, length = self._vocabulary.longest_match(words)
        if length == 1 and (number := self._number(words[0])) is not None:
            return self._quantity(number, words)
        self._take(" ".join(words[:length]), entry)
        return length

    def _number(self, word: str) -> float | None:
        if word[0].isdecimal():
            return min(float(word), 1e6)
        return self._vocabulary.numbers.get(word)

    def _quantity(self, number: float, words: list[str]) -> int:
        """Read "3 seconds", "200 metres" or "three"."""
        unit = words[1] if len(words) > 1 else ""
        if unit in self._vocabulary.seconds:
            self._duration_s = number * self._vocabulary.seconds[unit]
            return 2
        if unit in self._vocabulary.metres:
            self._add(f"{words[0]} {unit}", self._vocabulary.at_distance(number * self._vocabulary.metres[unit]))
            return 2
        self._count = round(number)
        return 1

    def _take(self, words: str, entry: Entry | None) -> None:
        if entry is None:
            guess = None if words in self._units else self._vocabulary.spelled_like(words)
            self._add(words, guess, guessed=guess is not None)
        elif entry.role in LINKS:
            self._open(entry.role, words)
        elif entry.role == "adverb":
            self._emphasis = entry.emphasis
        elif entry.role != "stop":
            self._add(words, entry)
            if entry.link:
                self._open(entry.link, words)

    def _add(self, words: str, entry: Entry | None, *, guessed: bool = False) -> None:
        if entry is None and words in self._units:
            return
        negated = bool(self._negation) or self._negate_next
        self._terms.append(
            Term(words, entry, len(self._chunks) - 1, negated, self._emphasis, self._count, guessed)
        )
        if entry is None or entry.sounds or not entry.changes:
            self._count = None
        self._negate_next = False
        self._emphasis = 1.0

    def _open(self, link: Role, words: str) -> None:
        """Begin a chunk, and a clause with it unless a preposition leads on; say what is negated from here."""
        if link == "not":
            self._negate_next = True
            return
        if link == "no":
            self._negation = words
        # "without wind and thunder" names neither; "no wind and thunder" names the thunder.
        elif link == "and" and not (words == "and" and self._negation == "without"):
            self._negation = ""
        leads_on = link in LEADING_ON
        last = self._chunks[-1]
        empty = not self._terms or self._terms[-1].chunk < len(self._chunks) - 1
        chunk = Chunk(link if leads_on else "and", last.clause if leads_on else last.clause + 1)
        if not empty:
            self._chunks.append(chunk)
        elif not self._terms or last.link != "and":
            self._chunks[-1] = chunk


def _styled(terms: Sequence[Term], chunks: Sequence[Chunk]) -> tuple[Term, ...]:
    """Return the terms as a style has them: an "8-bit explosion" is the console's sound, and no blast.

    A style is that of its clause; alone in it ("jump, 8-bit"), that of the whole sentence.
    """
    styled = list(terms)
    for style in terms:
        if style.entry is None or not style.entry.style or style.negated:
            continue
        effect = max(style.entry.sounds, key=style.entry.sounds.__getitem__)
        clause = chunks[style.chunk].clause
        here = [number for number, term in enumerate(terms) if chunks[term.chunk].clause == clause]
        within = [number for number in here if terms[number] is not style and _has_style(terms[number], effect)]
        for number in within or range(len(terms)):
            styled[number] = _in_style(styled[number], effect)
    return tuple(styled)


def _has_style(term: Term, effect: str) -> bool:
    return term.entry is not None and (effect in term.entry.presets or effect in term.entry.changes)


def _in_style(term: Term, effect: str) -> Term:
    if term.entry is None or not _has_style(term, effect):
        return term
    return replace(term, entry=replace(term.entry, sounds={effect: strongest(term)}, outside=0.0))


def strongest(term: Term) -> float:
    """Return how strongly a term names the effect that it names most."""
    return max(term.entry.sounds.values(), default=0.0) if term.entry else 0.0
