"""How sure a reading is: what speaks for it, against what speaks for something else or means nothing."""

from swash_model.procedural.words.reading import Reading
from swash_model.procedural.words.roles import is_head, outside, role
from swash_model.procedural.words.sentence import UNKNOWN, Sentence

FULL_STRENGTH = 0.75  # a single word that merely hints is not enough for full confidence
OUTSIDE_AS_ADJECTIVE = 0.7  # "dog footsteps" are steps, if not the right ones
OUTSIDE_FIRST = 2.0  # "a dog in the rain" asks for the dog; so does "a storm of dogs"
SECOND_OUTSIDE = 0.25
OTHER_SENSE = 0.4  # how much "storm" as wind speaks against "storm" as thunder
UNKNOWN_NOUN = 2.0  # an unknown word where the thing itself is named weighs twice
UNKNOWN_PLACE = 0.5  # and less where only the place of a thing is named that is known: "a waterfall in a gorge"
MISSPELT = 0.5  # of a word that was guessed


def confidence(sentence: Sentence, reading: Reading) -> float:
    """Return 0..1: the best effect's share against its strongest rival, times the share of words understood."""
    if not reading.heard:
        return 0.0
    top = max(each.score for each in reading.heard)
    rival = max(_outside_rival(sentence, reading), _effect_rival(reading))
    return min(1.0, top / FULL_STRENGTH) * top / (top + rival) * _coverage(sentence, reading)


def _explained(reading: Reading) -> frozenset[int]:
    return frozenset().union(*(each.explained for each in reading.heard))


def _outside_rival(sentence: Sentence, reading: Reading) -> float:
    """Return how strongly words name sounds that no effect makes."""
    anchors = [each.anchor for each in reading.heard]
    rivals: list[float] = []
    for number, term in enumerate(sentence.terms):
        # A word does not vouch for itself: "howling" is wind's only beside "wind".
        beside = [each.effect for each in reading.heard if each.terms - {number}]
        if not outside(term) or any(outside(term, effect) == 0.0 for effect in beside):
            continue
        of = sentence.chunks[term.chunk].link == "of"
        weight = outside(term) * (1.0 if of else role(sentence, term.chunk, ""))
        if any(_is_adjective(sentence, number, anchor) for anchor in anchors):
            weight *= OUTSIDE_AS_ADJECTIVE
        elif number < min(anchors) or of:
            weight *= OUTSIDE_FIRST
        rivals.append(weight)
    return max(rivals, default=0.0) + SECOND_OUTSIDE * max(0, len(rivals) - 1)


def _is_adjective(sentence: Sentence, number: int, anchor: int) -> bool:
    """Tell whether a term only describes another: "dog" does in "dog footsteps", but not in "dog running"."""
    term, thing = sentence.terms[number], sentence.terms[anchor]
    verbs = term.words.endswith("ing") or thing.words.endswith("ing")
    return term.chunk == thing.chunk and number < anchor and not verbs


def _effect_rival(reading: Reading) -> float:
    """Return how strongly words point to an effect that will not sound."""
    explained = _explained(reading)
    taken = {each.effect for each in reading.heard}
    rivals = [0.0]
    for effect, weights in reading.weights.items():
        if effect not in taken:
            rivals += [weight for number, weight in weights.items() if number not in explained]
            rivals += [OTHER_SENSE * weights[each.anchor] for each in reading.heard if each.anchor in weights]
    return max(rivals)


def _coverage(sentence: Sentence, reading: Reading) -> float:
    """Return the share of words that mean something here. Words known to mean nothing for sound do not count."""
    explained = _explained(reading)
    used, unknown = float(len(explained)), 0.0
    for number, term in enumerate(sentence.terms):
        unknown += MISSPELT * term.guessed
        if term.entry is None:
            unknown += _unknown(sentence, reading, number)
        elif number not in explained:
            used += any(term.entry.changes_for(each.effect) for each in reading.heard) or bool(term.entry.time)
    return used / (used + unknown)


def _unknown(sentence: Sentence, reading: Reading, number: int) -> float:
    """Return how much an unknown word speaks against the reading, by where it stands."""
    term = sentence.terms[number]
    here = sentence.chunks[term.chunk]
    named = [sentence.terms[each.anchor].chunk for each in reading.heard]
    if here.link in {"contact", "near"} and any(chunk < term.chunk for chunk in named):
        return UNKNOWN_PLACE
    if not is_head(sentence, number):
        return 1.0
    # Languages whose adjectives follow: what comes after the name of a thing describes it.
    describes = term.words.startswith(UNKNOWN) and here.link != "of" and term.chunk in named
    return 1.0 if describes else UNKNOWN_NOUN
