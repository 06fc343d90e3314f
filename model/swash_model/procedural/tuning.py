"""What the words of a sentence change: the parameters of each effect that it names."""

from collections.abc import Sequence

from swash_model.procedural.effect import Effect, Number
from swash_model.procedural.reading import Heard
from swash_model.procedural.sentence import Sentence, Term
from swash_model.procedural.vocabulary import Change
from swash_model.spec import Value

MATERIAL = "material"  # "a metal pipe on concrete" is of metal; of surfaces the last that is named counts


def owners(sentence: Sentence, heard: Sequence[Heard]) -> dict[int, int]:
    """Return which of the effects each changing term belongs to, {number of the term: index in `heard`}."""
    owned: dict[int, int] = {}
    for number, term in enumerate(sentence.terms):
        if term.entry is None or term.negated:
            continue
        named = [index for index, each in enumerate(heard) if number in each.terms]
        able = [index for index, each in enumerate(heard) if _means_something(term, each.effect)]
        if named or able:
            owned[number] = named[0] if named else _nearest(sentence, heard, number, able)
    return owned


def preset_of(sentence: Sentence, heard: Heard, owned: Sequence[int]) -> str:
    """Return the preset that the words of an effect ask for, the longest phrase first; "" when none does."""
    asking = [sentence.terms[number] for number in owned]
    presets = [
        (len(term.words.split()), term.entry.presets[heard.effect])
        for term in asking
        if term.entry and heard.effect in term.entry.presets
    ]
    return max(presets, key=lambda each: each[0])[1] if presets else ""


def parameters(sentence: Sentence, effect: Effect, preset: str, owned: Sequence[int]) -> dict[str, Value]:
    """Return the parameters that words change, in range. What is set is set first, then scaled and shifted."""
    start = effect.resolved(effect.preset(preset).parameters if preset else {})
    changed: dict[str, Value] = {}
    for name, change, emphasis in _changes(sentence, effect, owned):
        parameter = effect.parameter(name)
        if name == MATERIAL and name in changed:
            continue
        value = change.applied(changed.get(name, start[name]), emphasis)
        if isinstance(parameter, Number) and not isinstance(value, str):
            value = parameter.checked(parameter.clamped(value))
        changed[name] = value
    return changed


def _changes(sentence: Sentence, effect: Effect, owned: Sequence[int]) -> list[tuple[str, Change, float]]:
    asked = [
        (name, change, sentence.terms[number].emphasis)
        for number in owned
        if (entry := sentence.terms[number].entry)
        for name, change in entry.changes_for(effect.id).items()
    ]
    # "heavy drizzle" is a drizzle first, then more of it.
    return sorted(asked, key=lambda each: each[1].kind != "set")


def _means_something(term: Term, effect: str) -> bool:
    assert term.entry
    return bool(term.entry.changes_for(effect)) or effect in term.entry.presets


def _nearest(sentence: Sentence, heard: Sequence[Heard], number: int, able: Sequence[int]) -> int:
    """Return whose modifier a term is: of the next effect in its chunk, else of the last one there, else of
    the clause's first, else of the last before it, else of the next."""  # fmt: skip
    here = sentence.terms[number].chunk
    clause = sentence.chunks[here].clause

    def distance(index: int) -> tuple[int, int]:
        anchor = heard[index].anchor
        chunk = sentence.terms[anchor].chunk
        if chunk == here:
            return (0, anchor - number) if anchor > number else (1, number - anchor)
        if sentence.chunks[chunk].clause == clause:
            return 2, chunk
        return (3, here - chunk) if chunk < here else (4, chunk - here)

    return min(able, key=distance)
