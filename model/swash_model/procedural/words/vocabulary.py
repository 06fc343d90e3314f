"""The words that are known: lexicon/en, as types."""

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Literal

from swash_model.spec import Value

Kind = Literal["set", "scale", "shift"]
Time = Literal["", "loop", "continuous", "single"]
Role = Literal["content", "known", "stop", "adverb", "and", "or", "contact", "near", "of", "no", "not"]

ANY = "any"
STRONG = 0.7  # from here a word names a sound by itself
LINKS: tuple[Role, ...] = ("and", "or", "contact", "near", "of", "no", "not")
LEADING_ON: frozenset[Role] = frozenset({"contact", "near", "of"})  # what follows belongs to what stands before
ENDINGS = (
    ("ies", "y"),
    ("ves", "f"),
    ("es", ""),
    ("s", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
    ("ily", "y"),
    ("ly", "le"),
    ("ly", ""),
)
DOUBLING = ("ing", "ed")  # hum, humming
PLURALS = ("", "s", "es")
SHORTEST_GUESS = 5  # letters; shorter words are too near to too many others
GUESSED = 0.7  # what a word counts that is spelled almost like a known one
OWN_KEYS = ("say", "sounds", "outside", "absorbed_by", "link", "duration_s", "time", "style")


@dataclass(frozen=True, slots=True)
class Change:
    """What a word does to one parameter."""

    kind: Kind
    value: Value

    def applied(self, now: Value, emphasis: float = 1.0) -> Value:
        """Return the parameter after it; `emphasis` 1.3 is "very", 0.5 "slightly"."""
        if isinstance(now, str) or isinstance(self.value, str):
            return self.value
        if self.kind == "scale":
            return now * float(self.value**emphasis)
        if self.kind == "shift":
            return now + self.value * emphasis
        return now + (self.value - now) * emphasis


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word or a phrase means; the fields are explained in the lexicon's head."""

    role: Role = "content"
    sounds: Mapping[str, float] = field(default_factory=dict)
    outside: float = 0.0
    absorbed_by: frozenset[str] = frozenset()
    changes: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)
    duration_s: float | None = None
    time: Time = ""
    link: Role | None = None
    emphasis: float = 1.0
    style: bool = False

    def changes_for(self, effect: str) -> Mapping[str, Change]:
        """Return what it changes at an effect: the effect's own changes win over those for any."""
        return self.changes.get(effect, self.changes.get(ANY, {}))

    def is_absorbed_by(self, effect: str) -> bool:
        """Tell whether it names no sound of its own beside this effect."""
        return effect in self.absorbed_by or ANY in self.absorbed_by


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word that is known, by its words; and how numbers and units are called.

    `names` are the single words that name an effect outright, {word: effect}. `by_start` holds single words by
    first letter and length; `real_words` are English words that are near to one of them, and mean something else.
    """

    entries: Mapping[tuple[str, ...], Entry]
    longest: Mapping[str, int]
    numbers: Mapping[str, float]
    seconds: Mapping[str, float]
    metres: Mapping[str, float]
    distance: Mapping[str, Mapping[str, float]]
    examples: Mapping[str, str]
    names: Mapping[str, str]
    by_start: Mapping[tuple[str, int], Sequence[str]]
    real_words: frozenset[str]

    def longest_match(self, words: Sequence[str]) -> tuple[Entry | None, int]:
        """Return what the first words mean, the longest phrase first, and how many they are.

        A single word may be inflected, of a phrase only its last, as a plural; None for what is not known.
        """
        for length in range(min(self.longest.get(words[0], 0), len(words)), 1, -1):
            phrase = tuple(words[:length])
            for ending in PLURALS:
                singular = (*phrase[:-1], phrase[-1].removesuffix(ending))
                if entry := self.entries.get(singular):
                    return entry, length
        return next((self.entries[word,] for word in variants(words[0]) if (word,) in self.entries), None), 1

    def spelled_like(self, word: str) -> Entry | None:
        """Return what a word with one slip of the pen means, weaker; None unless one known word is so near."""
        if len(word) < SHORTEST_GUESS or word in self.real_words:
            return None
        near = {
            id(self.entries[known,]): self.entries[known,]
            for length in (len(word) - 1, len(word), len(word) + 1)
            for known in self.by_start.get((word[0], length), ())
            # One slip leaves one end as it is; that is quick to see.
            if (word[:2] == known[:2] or word[-2:] == known[-2:]) and one_slip(word, known)
        }
        # Which of two words for one sound was meant does not matter.
        if len({_first_sound(each) for each in near.values()}) != 1:
            return None
        entry = next(iter(near.values()))
        if entry.role != "content":
            return entry if entry.role == "known" else None
        sounds = {effect: GUESSED * weight for effect, weight in entry.sounds.items()}
        return replace(entry, sounds=sounds)

    def at_distance(self, metres: float) -> Entry:
        """Return what "so many metres" means."""
        changes = {
            effect: {name: Change("set", metres * factor) for name, factor in parameters.items()}
            for effect, parameters in self.distance.items()
        }
        return Entry(changes=changes)


@functools.cache
def english() -> Vocabulary:
    """Return the English words, read at the first call."""
    folder = files("swash_model.procedural.words") / "lexicon" / "en"
    themes = sorted(folder.iterdir(), key=lambda file: file.name)
    return vocabulary_of(*(tomllib.loads(theme.read_text(encoding="utf-8")) for theme in themes))


def vocabulary_of(*themes: Mapping[str, Any]) -> Vocabulary:
    """Return the vocabulary that a lexicon describes; raise ValueError for a word that is there twice."""
    document = _merged(themes)
    entries: dict[tuple[str, ...], Entry] = {}
    longest: dict[str, int] = {}
    for phrase, entry in _entries(document):
        words = tuple(phrase.split())
        if words in entries:
            raise ValueError(f"{phrase!r} is in the lexicon twice")
        entries[words] = entry
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    units = document["units"]
    by_start: dict[tuple[str, int], list[str]] = {}
    for words in entries:
        if len(words) == 1 and len(words[0]) >= SHORTEST_GUESS - 1:
            by_start.setdefault((words[0][0], len(words[0])), []).append(words[0])
    return Vocabulary(
        entries=entries,
        longest=longest,
        numbers=document["numbers"],
        seconds=units["seconds"],
        metres=units["metres"],
        distance=document["distance"],
        examples=document["examples"],
        names={
            words[0]: effect
            for words, entry in entries.items()
            for effect, weight in entry.sounds.items()
            if len(words) == 1 and weight >= STRONG
        },
        by_start=by_start,
        real_words=frozenset(phrases(document["real_words"])),
    )


def _first_sound(entry: Entry) -> str:
    """Return the effect that an entry names most; for one that names none, what is its alone."""
    return max(entry.sounds, key=entry.sounds.__getitem__) if entry.sounds else f"{id(entry)}"


def phrases(listed: str) -> list[str]:
    """Return the words and phrases of a list with commas, tidied."""
    return [" ".join(phrase.split()) for phrase in listed.split(",") if phrase.strip()]


def one_slip(word: str, other: str) -> bool:
    """Tell whether two words differ by one letter too many, too few or wrong, or by two that changed places."""
    if word == other:
        return True
    start = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:
        return abs(len(word) - len(other)) == 1
    if len(word) == len(other):
        swapped = word[:start] + word[start : start + 2][::-1] + word[start + 2 :]
        return word[start + 1 :] == other[start + 1 :] or swapped == other
    longer, shorter = (word, other) if len(word) > len(other) else (other, word)
    return len(longer) == len(shorter) + 1 and longer[start + 1 :] == shorter[start:]


def variants(word: str) -> Iterator[str]:
    """Yield a word and what it may be an inflection of: "gusts" gust, "humming" hum, "gently" gentle."""
    yield word
    # "Whoooosh", "creeeak": drawn out, as it sounds.
    if (short := re.sub(r"(.)\1{2,}", r"\1\1", word)) != word:
        yield from (short, re.sub(r"(.)\1{2,}", r"\1", word))
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word.removesuffix(ending)
            yield stem + instead
            if ending in DOUBLING and stem[-1] == stem[-2]:
                yield stem[:-1]


def _merged(themes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the tables of all files as one document; the entries of all follow one another."""
    document: dict[str, Any] = {"entries": []}
    for theme in themes:
        document |= {name: table for name, table in theme.items() if name != "entries"}
        document["entries"] += theme.get("entries", [])
    return document


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    for role, listed in document["grammar"].items():
        yield from ((phrase, Entry(role=role)) for phrase in phrases(listed))
    for phrase, emphasis in document["adverbs"].items():
        yield phrase, Entry(role="adverb", emphasis=emphasis)
    for listed in document["known"].values():
        yield from ((phrase, Entry(role="known")) for phrase in phrases(listed))
    for listed in document["outside"].values():
        yield from ((phrase, Entry(outside=1.0)) for phrase in phrases(listed))
    for row in document["entries"]:
        entry = _entry(row)
        yield from ((phrase, entry) for phrase in phrases(row["say"]))


def _entry(row: Mapping[str, Any]) -> Entry:
    changed = {effect: dict(changes) for effect, changes in row.items() if effect not in OWN_KEYS}
    presets = {effect: changes.pop("preset") for effect, changes in changed.items() if "preset" in changes}
    return Entry(
        sounds=row.get("sounds", {}),
        outside=row.get("outside", 0.0),
        absorbed_by=frozenset(phrases(row.get("absorbed_by", ""))),
        changes={
            effect: {name: _change(value) for name, value in changes.items()}
            for effect, changes in changed.items()
        },
        presets=presets,
        duration_s=row.get("duration_s"),
        time=row.get("time", ""),
        link=row.get("link"),
        style=row.get("style", False),
    )


def _change(written: Value) -> Change:
    """Return the change for 0.8 or "metal" (set), "*1.5" (scale), "+0.2" or "-0.2" (shift)."""
    if isinstance(written, str) and written[0] == "*":
        return Change("scale", float(written[1:]))
    if isinstance(written, str) and written[0] in "+-":
        return Change("shift", float(written))
    return Change("set", written)
