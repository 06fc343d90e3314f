"""How long a prompt's sound is to be: what the words say, and what they imply."""

from collections.abc import Sequence
from dataclasses import dataclass

from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Effect, Number
from swash_model.procedural.words.reading import Heard
from swash_model.procedural.words.sentence import Sentence
from swash_model.procedural.words.vocabulary import STRONG
from swash_model.spec import DEFAULT_ENDLESS_S, MAX_DURATION_S, MAX_LOOP_S, Value

SHORTEST_S = 0.05  # less is no sound that anybody would ask for in words
CONTINUOUS_S = 10.0
STEP_S = 0.6  # "three steps": at a walk, with room for the last one to end
TO_THE_END = 1.4  # of an effect's own length: it may begin late, and vary
OWN = "duration_s"


@dataclass(frozen=True, slots=True)
class Length:
    """The length of the whole sound; or `inner_s`, that of the one effect that knows how to last."""

    duration_s: float | None = None
    loop: bool = False
    inner_s: float | None = None


def length_of(sentence: Sentence, heard: Sequence[Heard], *, loop: bool) -> Length:
    """Return how long the effects that are named shall sound; `loop` when a loop is asked for beside the words."""
    effects = [EFFECTS[each.effect] for each in heard]
    endless = [effect.endless for effect in effects if effect.endless]
    entries = [term.entry for term in sentence.terms if term.entry and not term.negated]
    times = {entry.time for entry in entries}
    said_s = sentence.duration_s or next((e.duration_s for e in entries if e.duration_s and not e.sounds), None)
    if said_s:
        said_s = min(max(said_s, SHORTEST_S), MAX_DURATION_S)
    implied_s = None if "single" in times or not endless else _implied_s(sentence, heard)
    if endless and (loop or "loop" in times):
        shortest_s = max(each.min_loop_s for each in endless)
        return Length(min(max(said_s or implied_s or CONTINUOUS_S, shortest_s), MAX_LOOP_S), loop=True)
    if endless and "continuous" in times:
        return Length(said_s or max(implied_s or 0.0, CONTINUOUS_S))
    if said_s and len(effects) == 1 and implied_s is None and own_duration(effects[0], said_s):
        return Length(inner_s=said_s)
    return Length(said_s or implied_s or _to_the_end_s(effects))


def own_duration(effect: Effect, duration_s: float) -> dict[str, Value]:
    """Return the parameter that makes an effect itself last so long, {} when it has none or cannot.

    "Two seconds of whoosh" is a longer whoosh, not a cut one; a minute of thunder is a storm.
    """
    for parameter in effect.parameters:
        if isinstance(parameter, Number) and parameter.name == OWN:
            nearest_s = parameter.clamped(duration_s)
            if nearest_s == duration_s or not effect.endless:
                return {OWN: parameter.checked(nearest_s)}
    return {}


def _to_the_end_s(effects: Sequence[Effect]) -> float | None:
    """Return time enough for what ends by itself in a mix with what does not: thunder over the sea rolls away."""
    if len(effects) == 1 or not any(effect.endless for effect in effects):
        return None
    own_s = [each.default for effect in effects for each in effect.parameters if each.name == OWN]
    lengths_s = [TO_THE_END * each for each in own_s if not isinstance(each, str)]
    return max([DEFAULT_ENDLESS_S, *lengths_s]) if lengths_s else None


def _implied_s(sentence: Sentence, heard: Sequence[Heard]) -> float | None:
    """Return how long the things that are named take: "walking" a while, "two steps" two steps."""
    lengths_s = []
    for number, effect in {(number, each.effect) for each in heard for number in each.terms}:
        term = sentence.terms[number]
        if term.entry and term.entry.duration_s and term.says(effect) >= STRONG:
            counted_s = STEP_S * term.count if term.count else term.entry.duration_s
            lengths_s.append(min(counted_s, term.entry.duration_s))
    return max(lengths_s, default=None)
