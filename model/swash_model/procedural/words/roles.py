"""What part a term plays where it stands: the thing itself, or what it is on, in, near or made of."""

from swash_model.procedural.words.sentence import Sentence, Term, strongest
from swash_model.procedural.words.vocabulary import LEADING_ON, STRONG

AFTER_PREPOSITION = 0.6  # "footsteps in the rain": steps first
BEFORE_ANOTHER_NOUN = 0.4  # "rain barrel, wind turbine": the last noun is the thing


def weight(sentence: Sentence, number: int, effect: str) -> float:
    """Return how strongly a term names an effect, given its place in the sentence."""
    term = sentence.terms[number]
    adjective = any(
        outside(other, effect) >= STRONG and not other.words.endswith("ing")
        for other in sentence.terms[number + 1 :]
        if other.chunk == term.chunk
    )
    return term.says(effect) * role(sentence, term.chunk, effect) * (BEFORE_ANOTHER_NOUN if adjective else 1.0)


def role(sentence: Sentence, chunk: int, effect: str) -> float:
    """Return 1 for a chunk that names the thing itself, less for what that is on, in or near.

    A word for the same effect does not count as another thing: "boots on the stairs" are all footsteps.
    """
    here = sentence.chunks[chunk]
    if here.link not in LEADING_ON:
        return 1.0
    # "In the rain, footsteps": what comes first is not the thing when it hangs on a preposition.
    first = chunk == 0 and here.link != "of"
    for term in sentence.terms:
        before = term.chunk < chunk and sentence.chunks[term.chunk].clause == here.clause
        if (before or (first and term.chunk > 0)) and _names_another(term, effect):
            return AFTER_PREPOSITION
    return 1.0


def is_head(sentence: Sentence, number: int) -> bool:
    """Tell whether a term is the last of its chunk, where a noun phrase has its noun, and no verb or adverb."""
    term = sentence.terms[number]
    last = number + 1 == len(sentence.terms) or sentence.terms[number + 1].chunk != term.chunk
    return last and not term.words.endswith(("ing", "ed", "ly"))


def outside(term: Term, effect: str = "") -> float:
    """Return how strongly a term names a sound that no effect makes, beside this effect."""
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
    return outside(term, effect) >= STRONG or strongest(term) >= STRONG
