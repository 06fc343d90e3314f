"""The procedural engine: effects in layers, on one clock."""

import hashlib
import math
from collections.abc import Iterator, Sequence

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples
from swash_model.engine import UNWATCHED, Watch
from swash_model.errors import InvalidAskError
from swash_model.procedural import mix
from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.effect import Effect
from swash_model.procedural.prompt import understand
from swash_model.procedural.words.phrasebook import LANGUAGES, phrasebook
from swash_model.spec import DEFAULT_ENDLESS_S, MAX_LOOP_S, Ask, Block, Layer, Resolved, Spec

KERNELS_VERSION = 2  # rises with every change below dsp/ that alters samples
WARM_UP_S = 0.05
SHORTEST_S = 0.0001  # some frames at any rate: no sound is nothing at all


class ProceduralEngine:
    """Makes sound by rule. Holds no state between sounds; any number of threads may render."""

    name = "procedural"
    licence = "CC0-1.0"
    sample_rate = SAMPLE_RATE
    exclusive = False

    @property
    def version(self) -> str:
        """Return the kernels' version and a digest of every effect's."""
        effects = ",".join(f"{effect.id}.{effect.version}" for effect in EFFECTS.values())
        return f"{KERNELS_VERSION}-{hashlib.blake2b(effects.encode(), digest_size=4).hexdigest()}"

    def warm_up(self) -> None:
        """Read the words, and compile every kernel (or load it from disk) by sounding each effect once."""
        self.read_words()
        for effect in EFFECTS.values():
            asks = [Ask(effect=effect.id)] if effect.one_shot else []
            if effect.endless:
                asks.append(Ask(effect=effect.id, duration_s=WARM_UP_S))
            for ask in asks:
                for _ in self.render(self.resolve(ask).spec):
                    pass

    def read_words(self) -> None:
        """Read all that `resolve` knows, which is enough where another process makes the sounds."""
        understand("")
        for language in LANGUAGES:
            phrasebook(language)

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound for an effect id or for words."""
        if ask.effect is not None:
            layer = _layer(ask.effect, dict(ask.parameters))
            return Resolved(_spec(ask, (layer,), ask.duration_s, ask.loop))
        understood = understand(ask.prompt or "", loop=ask.loop)
        understood.raise_unless_playable()
        layers = tuple(
            _layer(
                part.effect_path,
                {**part.parameters, **(ask.parameters if number == 0 else {})},
                part.level_db,
            )
            for number, part in enumerate(understood.parts)
        )
        duration_s = ask.duration_s if ask.duration_s is not None else understood.duration_s
        spec = _spec(ask, layers, duration_s, ask.loop or understood.loop)
        return Resolved(spec, understood.confidence, understood.unknown_words)

    def version_of(self, spec: Spec) -> str:
        """Return the versions of the kernels and of the effects in this Spec."""
        effects = "+".join(f"{layer.effect}.{EFFECTS[layer.effect].version}" for layer in spec.layers)
        return f"{KERNELS_VERSION}-{effects}"

    def natural_channels(self, spec: Spec) -> int:
        """Return 2 for anything endless, 1 for a one-shot."""
        return 2 if spec.endless else 1

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        """Return the length at this rate; None for a one-shot, which ends when it has died away."""
        if not spec.endless:
            return None
        return round(mix.duration_s(spec) * sample_rate)

    def expected_s(self, spec: Spec) -> float:  # noqa: ARG002
        """Return 0: the first block is there at once."""
        return 0.0

    def render(
        self,
        spec: Spec,
        watch: Watch = UNWATCHED,  # noqa: ARG002 - blocks are short: it is stopped between them
        together: Sequence[Spec] = (),  # noqa: ARG002
    ) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at 48 kHz; for a loop exactly one turn of it."""
        for samples in mix.endless(spec) if spec.endless else mix.one_shots(spec):
            yield _as_block(samples)


def _layer(path: str, parameters: dict[str, float | str], level_db: float = 0.0) -> Layer:
    """Return a layer from "effect" or "effect/preset", every parameter resolved and checked."""
    effect, preset = effect_named(path)
    values = effect.resolved(preset.parameters if preset else {}, parameters)
    return Layer(
        effect=effect.id,
        preset=preset.name if preset else "",
        parameters=tuple(sorted(values.items())),
        level_db=level_db,
        ucs_cat_id=preset.ucs_cat_id if preset else effect.ucs_of(values),
    )


def _spec(ask: Ask, layers: tuple[Layer, ...], duration_s: float | None, loop: bool) -> Spec:
    effects = [EFFECTS[layer.effect] for layer in layers]
    asked_length = loop or duration_s is not None
    endless = any(effect.endless and (asked_length or not effect.one_shot) for effect in effects)
    if loop and not endless:
        raise InvalidAskError("loop", f"only endless effects loop, and {effects[0].id} ends by itself")
    if loop:
        duration_s = _loop_s(effects, DEFAULT_ENDLESS_S if duration_s is None else duration_s, ask.sample_rate)
    return Spec(
        engine="procedural",
        layers=layers,
        duration_s=None if duration_s is None else max(SHORTEST_S, round(duration_s, 4)),
        loop=loop,
        trim=ask.trim,
        endless=endless,
        seed=ask.seed,
        object_seed=ask.object_seed,
    )


def _loop_s(effects: list[Effect], asked_s: float, sample_rate: int) -> float:
    """Return the length nearest to what was asked that is whole quanta, and whole frames at `sample_rate`."""
    shortest_s = max(effect.endless.min_loop_s for effect in effects if effect.endless)
    if not shortest_s <= asked_s <= MAX_LOOP_S:
        names = " and ".join(effect.id for effect in effects)
        raise InvalidAskError(
            "duration_s", f"{shortest_s:g} to {MAX_LOOP_S:g} for a loop of {names}, got {asked_s:g}"
        )
    step = math.lcm(QUANTUM_FRAMES, SAMPLE_RATE // math.gcd(SAMPLE_RATE, sample_rate))
    return max(1, round(asked_s * SAMPLE_RATE / step)) * step / SAMPLE_RATE


def _as_block(samples: Samples) -> Block:
    return np.ascontiguousarray(samples.T, np.float32)
