"""From words to effects: what a prompt asks for, and how sure that is."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from swash_model.errors import UnknownSoundError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Effect
from swash_model.procedural.words.confidence import confidence
from swash_model.procedural.words.length import Length, length_of, own_duration
from swash_model.procedural.words.reading import Heard, read
from swash_model.procedural.words.sentence import UNKNOWN, Sentence, parse, tokens
from swash_model.procedural.words.translation import Translation, translation_of
from swash_model.procedural.words.tuning import owners, tuned
from swash_model.procedural.words.vocabulary import Vocabulary, english
from swash_model.spec import MAX_PROMPT_CHARACTERS, Value

PLAYABLE = 0.35
SURE = 0.6
SUGGESTIONS = 3
LEVELS_DB = (0.0, -4.0, -6.0, -7.0)  # what comes first is heard first; a fourth layer still is
FAR_LEVEL_DB = -1.0  # of a later layer that is far: its distance says how soft it is
ALIKE = 0.8  # of difflib's 0..1: a letter or two wrong
SPELLED = 3  # so many unknown words are compared
UNKNOWN_WORDS = 10  # so many are named
UNKNOWN_WORD_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One effect that a prompt names: "rain" or "rain/tin_roof", the parameters that its words set, its level."""

    effect_path: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    level_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Understood:
    """What a prompt asks for, the loudest part first; no parts when it names nothing that can be played.

    `confidence` is 0..1. `candidates` are effects that any word points to with their scores, the best first.
    `duration_s` is what the words ask for, or imply ("walking" takes a while); None when they do not.
    """

    prompt: str
    parts: tuple[Part, ...]
    confidence: float
    candidates: tuple[tuple[str, float], ...] = ()
    unknown_words: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    duration_s: float | None = None
    loop: bool = False

    @property
    def low_confidence(self) -> bool:
        """Tell whether it plays, but may be wrong."""
        return PLAYABLE <= self.confidence < SURE

    def raise_unless_playable(self) -> None:
        """Raise UnknownSoundError when there is nothing to play: a wrong sound is worse than none."""
        if not self.parts:
            raise UnknownSoundError(self.prompt, self.suggestions, self.unknown_words)


def understand(prompt: str, *, loop: bool = False) -> Understood:
    """Return what a prompt asks for. Any text has an answer; the same text always the same.

    `loop` says that a loop is wanted, as the word would: lengths that words imply are then a loop's.
    """
    vocabulary = english()
    sentence, _ = _read(prompt)
    reading = read(sentence)
    understood = Understood(
        prompt,
        parts=(),
        confidence=round(confidence(sentence, reading), 3),
        candidates=reading.candidates(),
        unknown_words=_unknown_words(sentence),
    )
    if understood.confidence < PLAYABLE:
        return replace(understood, suggestions=tuple(_suggestions(understood, vocabulary)))
    owned = owners(sentence, reading.heard)
    length = length_of(sentence, reading.heard, loop=loop)
    parts = tuple(
        _part(sentence, heard, [number for number, owner in owned.items() if owner == index], level_db, length)
        for index, (heard, level_db) in enumerate(zip(reading.heard, LEVELS_DB, strict=False))
    )
    return replace(understood, parts=parts, duration_s=length.duration_s, loop=length.loop)


def english_of(prompt: str) -> str | None:
    """Return what is understood of a prompt in another language, in English words.

    None when it is English already, or when less than half of it means anything here.
    """
    translation = _read(prompt)[1]
    if translation is None or translation.known <= translation.unknown:
        return None
    return translation.words


def _read(prompt: str) -> tuple[Sentence, Translation | None]:
    """Return the sentence of a prompt, and if it is in another language, its words in English."""
    # Longer than any prompt may be: it is read as nothing rather than in part.
    prompt = prompt if len(prompt) <= MAX_PROMPT_CHARACTERS else ""
    sentence = parse(tokens(prompt), english())
    translation = translation_of(prompt, sum(term.entry is None or term.guessed for term in sentence.terms))
    if translation is None:
        return sentence, None
    return parse(translation.tokens, english()), translation


def _part(sentence: Sentence, heard: Heard, owned: Sequence[int], level_db: float, length: Length) -> Part:
    effect = EFFECTS[heard.effect]
    preset, changed = tuned(sentence, effect, owned)
    if length.inner_s is not None:
        changed |= own_duration(effect, length.inner_s)
    level_db = max(level_db, FAR_LEVEL_DB) if _is_far(effect, changed) else level_db
    return Part(f"{effect.id}/{preset}" if preset else effect.id, changed, level_db)


def _is_far(effect: Effect, changed: Mapping[str, Value]) -> bool:
    """Tell whether words moved an effect away from the listener."""
    for name in english().at_distance(0.0).changes_for(effect.id):
        now, near = changed.get(name), effect.parameter(name).default
        if isinstance(now, float) and isinstance(near, float) and now > near:
            return True
    return False


def _unknown_words(sentence: Sentence) -> tuple[str, ...]:
    words = dict.fromkeys(
        term.words.removeprefix(UNKNOWN)[:UNKNOWN_WORD_CHARACTERS] for term in sentence.terms if term.entry is None
    )
    return tuple(words)[:UNKNOWN_WORDS]


def _suggestions(understood: Understood, vocabulary: Vocabulary) -> list[str]:
    """Return prompts to try instead: of effects that words point to, or are spelled like; else the usual ones."""
    effects = [effect for effect, _ in understood.candidates]
    effects += _spelled_like(understood.unknown_words[:SPELLED], vocabulary)
    effects += vocabulary.examples
    return [vocabulary.examples[effect] for effect in dict.fromkeys(effects)][:SUGGESTIONS]


def _spelled_like(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the effects whose names look like one of these words."""
    for word in words:
        # Few mistype the first letter, and comparing is what costs.
        near = [name for name in vocabulary.names if name[0] == word[0] and abs(len(name) - len(word)) <= 2]
        for name in difflib.get_close_matches(word, near, 1, ALIKE):
            yield vocabulary.names[name]
