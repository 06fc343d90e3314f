"""What the words of a sentence change: the parameters of each effect that it names."""

from collections.abc import Mapping, Sequence

from swash_model.procedural.effect import Choice, Effect, Number, Parameter, Preset
from swash_model.procedural.words.reading import Heard
from swash_model.procedural.words.roles import outside
from swash_model.procedural.words.sentence import Sentence, Term
from swash_model.procedural.words.vocabulary import STRONG, Change
from swash_model.spec import Value

PLACE = "place"  # is that of everything that sounds
MATERIAL = "material"  # "a metal pipe on concrete" is of metal; of surfaces the last that is named counts


def owners(sentence: Sentence, heard: Sequence[Heard]) -> dict[int, int]:
    """Return which of the effects each changing term belongs to, {number of the term: index in `heard`}."""
    owned: dict[int, int] = {}
    for number, term in enumerate(sentence.terms):
        if term.entry is None or term.negated or _is_of_something_else(sentence, term, heard):
            continue
        named = [index for index, each in enumerate(heard) if number in each.terms]
        able = [index for index, each in enumerate(heard) if _means_something(term, each.effect)]
        if named or able:
            owned[number] = named[0] if named else _nearest(sentence, heard, number, able)
    return owned


def tuned(sentence: Sentence, effect: Effect, owned: Sequence[int]) -> tuple[str, dict[str, Value]]:
    """Return the preset that the words of an effect ask for ("" for none), and the parameters that differ from it.

    Several presets mix: "a downpour on a window" has the drops of the one and the surface of the other.
    """
    asked = _presets(sentence, effect, owned)
    values = effect.resolved(*(preset.parameters for preset in asked))
    named: set[str] = set()
    for name, change, emphasis in _changes(sentence, effect, owned):
        if name == MATERIAL and name in named:
            continue
        named.add(name)
        values[name] = _in_range(effect.parameter(name), change.applied(values[name], emphasis))
    for preset in reversed(asked):
        start = effect.resolved(preset.parameters)
        if all(values[each.name] == start[each.name] for each in effect.parameters if isinstance(each, Choice)):
            return preset.name, _differing(values, start)
    return "", _differing(values, effect.resolved())


def _presets(sentence: Sentence, effect: Effect, owned: Sequence[int]) -> list[Preset]:
    """Return the presets that words ask for: those of places and surfaces first, so that nouns win."""
    asking = sorted((sentence.terms[number] for number in owned), key=lambda term: term.says(effect.id))
    return [
        effect.preset(term.entry.presets[effect.id])
        for term in asking
        if term.entry and effect.id in term.entry.presets
    ]


def _in_range(parameter: Parameter, value: Value) -> Value:
    if isinstance(parameter, Number) and not isinstance(value, str):
        return parameter.checked(parameter.clamped(value))
    return value


def _differing(values: Mapping[str, Value], start: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value != start[name]}


def _changes(sentence: Sentence, effect: Effect, owned: Sequence[int]) -> list[tuple[str, Change, float]]:
    asked = [
        (name, change, term.emphasis)
        for number, term in enumerate(sentence.terms)
        if term.entry and not term.negated
        for name, change in term.entry.changes_for(effect.id).items()
        if number in owned or name == PLACE
    ]
    # "heavy drizzle" is a drizzle first, then more of it.
    return sorted(asked, key=lambda each: each[1].kind != "set")


def _is_of_something_else(sentence: Sentence, term: Term, heard: Sequence[Heard]) -> bool:
    """Tell whether a term only describes what no effect makes: "distant" in "crickets, distant wolves"."""
    if term.entry is None or term.entry.sounds:
        return False
    chunk = [number for number, other in enumerate(sentence.terms) if other.chunk == term.chunk]
    if any(number in each.explained for each in heard for number in chunk):
        return False
    others = (sentence.terms[number] for number in chunk)
    return any(other.entry is None or outside(other) >= STRONG for other in others)


def _means_something(term: Term, effect: str) -> bool:
    assert term.entry
    return bool(term.entry.changes_for(effect)) or effect in term.entry.presets


def _nearest(sentence: Sentence, heard: Sequence[Heard], number: int, able: Sequence[int]) -> int:
    """Return whose modifier a term is.

    Of the next effect in its chunk; else of the last one there; else of the clause's first; else of the last
    before it; else of the next.
    """
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
