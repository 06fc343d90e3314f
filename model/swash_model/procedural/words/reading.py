"""Which effects a sentence names, and in which order."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from swash_model.procedural.words.roles import role, weight
from swash_model.procedural.words.sentence import Sentence, strongest
from swash_model.procedural.words.vocabulary import STRONG

MAX_LAYERS = 4
LEAST_LAYER = 0.45  # what is weaker after the first is a rival, not a layer
SUPPORT = 0.25  # what a second word for the same effect adds
MAX_SUPPORT = 0.3
HINTS_TOGETHER = 0.8  # how far words that merely hint at one effect make up for a name: "window", "smashing"


@dataclass(frozen=True, slots=True)
class Heard:
    """An effect that is named: by which term most of all, and by which others.

    `explained` are these and the terms that have no sound of their own beside it.
    """

    effect: str
    score: float
    anchor: int
    terms: frozenset[int]
    explained: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence names, the first first.

    `weights` tells how strongly each term speaks for each effect where it stands, {effect: {term: weight}}.
    """

    heard: tuple[Heard, ...]
    weights: dict[str, dict[int, float]]

    def candidates(self) -> tuple[tuple[str, float], ...]:
        """Return every effect that any word points to, with its score, the best first."""
        scores = [(effect, round(_score(weights.values()), 3)) for effect, weights in self.weights.items()]
        return tuple(sorted(scores, key=lambda candidate: -candidate[1]))


def read(sentence: Sentence) -> Reading:
    """Return what a sentence names: what explains most words, then what explains most of the rest, and so on."""
    weights: dict[str, dict[int, float]] = {}
    for number, term in enumerate(sentence.terms):
        for effect in term.entry.sounds if term.entry and not term.negated else ():
            weights.setdefault(effect, {})[number] = weight(sentence, number, effect)
    heard: list[Heard] = []
    explained: set[int] = set()
    while len(heard) < MAX_LAYERS and (best := _best(sentence, weights, explained)):
        named = sentence.terms[best.anchor].says(best.effect) >= STRONG and best.score >= LEAST_LAYER
        if heard and not named:
            break
        heard.append(best)
        explained |= best.explained
    return Reading(_ordered(sentence, heard), weights)


def _best(sentence: Sentence, weights: dict[str, dict[int, float]], explained: set[int]) -> Heard | None:
    """Return the effect that the words speak most for that are not explained yet; the first named of equals."""
    free = {
        effect: left
        for effect, numbers in weights.items()
        if (left := {number: weight for number, weight in numbers.items() if number not in explained})
    }
    if not free:
        return None
    effect = max(free, key=lambda each: _score(free[each].values()))
    # "Spaceship laser": a word that is silent beside another in its noun phrase leaves the name to that.
    for other in free:
        if _names_what(sentence, free, other, effect):
            effect = other
    anchor = _anchor(free[effect])
    terms = frozenset(free[effect])
    absorbed = _absorbed(sentence, effect, anchor)
    return Heard(effect, _score(free[effect].values()), anchor, terms, terms | absorbed)


def _anchor(weights: Mapping[int, float]) -> int:
    """Return the term that says an effect most of all, the first of equals."""
    return max(weights, key=lambda number: (weights[number], -number))


def _names_what(sentence: Sentence, free: Mapping[str, Mapping[int, float]], effect: str, other: str) -> bool:
    """Tell whether an effect is named beside another's name that has no sound of its own beside it."""
    number, anchor = _anchor(free[other]), _anchor(free[effect])
    term, name = sentence.terms[number], sentence.terms[anchor]
    silent = term.entry is not None and term.entry.is_absorbed_by(effect)
    # "A shot from a blaster" is the blaster's, as "blaster shot" is.
    belongs = name.chunk == term.chunk + 1 and sentence.chunks[name.chunk].link == "of"
    if number == anchor or not silent or not (belongs or term.chunk == name.chunk):
        return False
    return name.says(effect) > name.says(other) and _score(free[effect].values()) >= LEAST_LAYER


def _absorbed(sentence: Sentence, effect: str, anchor: int) -> frozenset[int]:
    """Return the terms that have no sound of their own beside an effect."""
    chunk = sentence.terms[anchor].chunk
    clause = sentence.chunks[chunk].clause
    absorbed = []
    for number, term in enumerate(sentence.terms):
        if term.entry is None or not term.entry.is_absorbed_by(effect):
            continue
        # The sea in "rain on the sea" is a surface; in "rain by the sea" it is heard.
        here = sentence.chunks[term.chunk]
        touched = here.link in {"contact", "of"} and here.clause == clause
        if touched or term.chunk == chunk or strongest(term) < STRONG:
            absorbed.append(number)
    return frozenset(absorbed)


def _ordered(sentence: Sentence, heard: Sequence[Heard]) -> tuple[Heard, ...]:
    """Sort by the thing itself before what it is in, then as written; in a noun phrase the noun comes first."""

    def place(each: Heard) -> tuple[bool, int, float, int]:
        anchor = sentence.terms[each.anchor]
        beside = role(sentence, anchor.chunk, each.effect) < 1.0
        return beside, sentence.chunks[anchor.chunk].clause, -anchor.says(each.effect), each.anchor

    return tuple(sorted(heard, key=place))


def _score(weights: Iterable[float]) -> float:
    """Return the strongest word's weight and a little for every other; more if none names it outright."""
    most, *others = sorted(weights, reverse=True)
    hints = 1.0 - math.prod(1.0 - min(1.0, other) for other in others)
    return most + max(min(MAX_SUPPORT, SUPPORT * sum(others)), HINTS_TOGETHER * (1.0 - most) * hints)
