"""Which effects a sentence names, in which order, and how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass

from swash_model.procedural.sentence import Sentence, Term
from swash_model.procedural.vocabulary import LEADING_ON

MAX_LAYERS = 4
STRONG = 0.7  # from here a word names a sound by itself
SUPPORT = 0.25  # what a second word for the same effect adds
MAX_SUPPORT = 0.3
AFTER_PREPOSITION = 0.6  # "footsteps in the rain": steps first
BEFORE_ANOTHER_NOUN = 0.4  # "rain barrel, wind turbine": the last noun is the thing
OUTSIDE_AS_ADJECTIVE = 0.7  # "dog footsteps" are steps, if not the right ones
OUTSIDE_FIRST = 2.0  # "a dog in the rain" asks for the dog; so does "a storm of dogs"
SECOND_OUTSIDE = 0.25
OTHER_SENSE = 0.4  # how much "storm" as wind speaks against "storm" as thunder
FULL_STRENGTH = 0.75  # a single word that merely hints is not enough for full confidence
UNKNOWN_NOUN = 2.0  # an unknown word where the thing itself is named weighs twice
LEAST_LAYER = 0.35


@dataclass(frozen=True, slots=True)
class Heard:
    """An effect that is named: by which term most of all, and by which others."""

    effect: str
    score: float
    anchor: int
    terms: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence names, the first first. `candidates` holds every effect that any word points to."""

    heard: tuple[Heard, ...]
    candidates: tuple[tuple[str, float], ...]
    confidence: float
    unknown_words: tuple[str, ...]


def read(sentence: Sentence) -> Reading:
    """Return what a sentence names."""
    return _Reader(sentence).read()


class _Reader:
    def __init__(self, sentence: Sentence) -> None:
        self._terms = sentence.terms
        self._chunks = sentence.chunks
        # {effect: {term: how strongly it speaks for the effect where it stands}}
        self._weights: dict[str, dict[int, float]] = {}
        for number, term in enumerate(self._terms):
            for effect in term.entry.sounds if term.entry and not term.negated else ():
                self._weights.setdefault(effect, {})[number] = self._weight(number, effect)

    def read(self) -> Reading:
        heard = self._layers()
        ranked = sorted(
            ((effect, _score(weights.values())) for effect, weights in self._weights.items()),
            key=lambda candidate: -candidate[1],
        )
        return Reading(
            heard=tuple(sorted(heard, key=self._order)),
            candidates=tuple(ranked),
            confidence=self._confidence(heard),
            unknown_words=tuple(dict.fromkeys(term.words for term in self._terms if term.entry is None)),
        )

    def _layers(self) -> list[Heard]:
        """Take the effect that explains most, then the one that explains most of the rest, while words name one."""
        heard: list[Heard] = []
        explained: set[int] = set()
        while len(heard) < MAX_LAYERS and (best := self._best(explained)):
            named = self._terms[best.anchor].says(best.effect) >= STRONG and best.score >= LEAST_LAYER
            if heard and not named:
                break
            heard.append(best)
            explained |= self._explained_by(best)
        return heard

    def _best(self, explained: set[int]) -> Heard | None:
        best: Heard | None = None
        for effect, weights in self._weights.items():
            free = {number: weight for number, weight in weights.items() if number not in explained}
            if free and (best is None or _score(free.values()) > best.score):
                anchor = max(free, key=lambda number: (free[number], -number))
                best = Heard(effect, _score(free.values()), anchor, frozenset(free))
        return best

    def _weight(self, number: int, effect: str) -> float:
        """Return how strongly a term names an effect, given its place in the sentence."""
        weight = self._terms[number].says(effect) * self._role(self._terms[number].chunk, effect)
        chunk = self._terms[number].chunk
        later = (term for term in self._terms[number + 1 :] if term.chunk == chunk)
        if any(_outside(term, effect) >= STRONG for term in later):
            weight *= BEFORE_ANOTHER_NOUN
        return weight

    def _role(self, chunk: int, effect: str) -> float:
        """Return 1 for the thing itself, less for what it is on, in or near."""
        if self._chunks[chunk].link not in LEADING_ON:
            return 1.0
        clause = self._chunks[chunk].clause
        for term in self._terms:
            same_clause = term.chunk < chunk and self._chunks[term.chunk].clause == clause
            # "In the rain, footsteps": what comes first is not the thing when it hangs on a preposition.
            if (same_clause or (chunk == 0 and term.chunk > 0)) and _names_another(term, effect):
                return AFTER_PREPOSITION
        return 1.0

    def _explained_by(self, heard: Heard) -> set[int]:
        """Return the terms that have no sound of their own beside an effect."""
        explained = set(heard.terms)
        anchor = self._terms[heard.anchor]
        for number, term in enumerate(self._terms):
            if term.entry is None or not term.entry.is_absorbed_by(heard.effect):
                continue
            # The sea in "rain on the sea" is a surface; in "rain by the sea" it is heard.
            here = self._chunks[term.chunk]
            on_it = here.link in {"contact", "of"} and here.clause == self._chunks[anchor.chunk].clause
            if on_it or max(term.entry.sounds.values(), default=0.0) < STRONG:
                explained.add(number)
        return explained

    def _order(self, heard: Heard) -> tuple[bool, int, float, int]:
        """Sort by the thing itself before what it is in, then as written, in a noun phrase the noun first."""
        anchor = self._terms[heard.anchor]
        beside = self._role(anchor.chunk, heard.effect) < 1.0
        return beside, self._chunks[anchor.chunk].clause, -anchor.says(heard.effect), heard.anchor

    def _confidence(self, heard: list[Heard]) -> float:
        """Return 0..1: the best effect against what speaks for something else, times the share understood."""
        if not heard:
            return 0.0
        top = heard[0].score
        explained = set().union(*(self._explained_by(each) for each in heard))
        rival = max(self._outside(heard, explained), self._other_effect(heard, explained))
        share = top / (top + rival)
        return min(1.0, top / FULL_STRENGTH) * share * self._coverage(heard, explained)

    def _outside(self, heard: list[Heard], explained: set[int]) -> float:
        """Return how strongly words name sounds that no effect makes."""
        first = min(each.anchor for each in heard)
        rivals: list[float] = []
        for number, term in enumerate(self._terms):
            if number in explained or term.negated or not term.entry or not term.entry.outside:
                continue
            of = self._chunks[term.chunk].link == "of"
            weight = term.entry.outside * (1.0 if of else self._role(term.chunk, ""))
            if any(self._terms[each.anchor].chunk == term.chunk and each.anchor > number for each in heard):
                weight *= OUTSIDE_AS_ADJECTIVE
            elif number < first or of:
                weight *= OUTSIDE_FIRST
            rivals.append(weight)
        return max(rivals, default=0.0) + SECOND_OUTSIDE * max(0, len(rivals) - 1)

    def _other_effect(self, heard: list[Heard], explained: set[int]) -> float:
        """Return how strongly words point to an effect that will not sound."""
        taken = {each.effect for each in heard}
        rivals = [0.0]
        for effect, weights in self._weights.items():
            if effect in taken:
                continue
            rivals += [weight for number, weight in weights.items() if number not in explained]
            rivals += [OTHER_SENSE * weights[each.anchor] for each in heard if each.anchor in weights]
        return max(rivals)

    def _coverage(self, heard: list[Heard], explained: set[int]) -> float:
        """Return the share of the words that mean something here; those that mean nothing anywhere weigh against."""
        used = len(explained)
        unknown = 0.0
        for number, term in enumerate(self._terms):
            if term.entry is None:
                unknown += UNKNOWN_NOUN if self._is_head(number) else 1.0
            elif number not in explained:
                used += any(term.entry.changes_for(each.effect) for each in heard) or bool(term.entry.time)
        return used / (used + unknown)

    def _is_head(self, number: int) -> bool:
        """Tell whether a term is the last of its chunk, where a noun phrase has its noun, and no verb or adverb."""
        term = self._terms[number]
        last = number + 1 == len(self._terms) or self._terms[number + 1].chunk != term.chunk
        return last and not term.words.endswith(("ing", "ed", "ly"))


def _score(weights: Iterable[float]) -> float:
    """Return the strongest word's weight and a little for every other."""
    strongest, *others = sorted(weights, reverse=True)
    return strongest + min(MAX_SUPPORT, SUPPORT * sum(others))


def _outside(term: Term, effect: str) -> float:
    if term.entry is None or term.negated or term.entry.is_absorbed_by(effect):
        return 0.0
    return term.entry.outside


def _names_another(term: Term, effect: str) -> bool:
    """Tell whether a term names some other sound than this effect's."""
    if term.negated:
        return False
    if term.entry is None:
        return True
    if effect in term.entry.sounds:
        return False
    return _outside(term, effect) >= STRONG or max(term.entry.sounds.values(), default=0.0) >= STRONG
