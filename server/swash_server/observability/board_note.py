"""What the board keeps of one take: what it was, how it ended, and how to ask for it again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from swash_model.errors import SoundError
from swash_model.spec import Ask, LoopMethod, Spec
from swash_server.doors.request_id import REQUEST_ID
from swash_server.errors import SwashError, code_of
from swash_server.making.mastering import Mastering
from swash_server.making.tape import Cached, Facts

if TYPE_CHECKING:  # the door sees protobuf; this needs no more than the shape of what it gives
    from swash_server.wire import Wanted

MAX_NAME_CHARACTERS = 80  # of an effect or engine that somebody asked for and nobody knows
MAX_REASON_CHARACTERS = 300

Json: TypeAlias = "str | float | bool | Mapping[str, Json] | list[Json] | None"


@dataclass(frozen=True, slots=True)
class Again:
    """How to ask for the same samples, field by field as RenderRequest has them; `None` where nobody can.

    `private` says that the prompt is among the fields.
    """

    fields: Mapping[str, Json]
    private: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """One take that ended. `code` is gRPC's.

    `prompt`, `reason` and an `again` that is private may hold the caller's words.
    """

    ended_s: float  # since 1970
    request_id: str
    take: int
    engine: str
    effects: tuple[str, ...]  # "rain/tin_roof", the loudest first
    prompt: str | None
    seed: int
    object_seed: int
    key: str | None
    duration_s: float | None
    first_frames_ms: float | None
    render_ms: float | None
    cached: str | None
    fallback: bool
    code: str
    reason: str | None
    again: Again | None

    def shown(self, *, prompts: bool) -> dict[str, Json]:
        """Return what somebody may see, who is told the callers' words or is not."""
        again = None if self.again is None or (self.again.private and not prompts) else dict(self.again.fields)
        return {
            "ended_s": self.ended_s,
            "request_id": self.request_id,
            "take": self.take,
            "engine": self.engine,
            "effects": list(self.effects),
            "prompt": self.prompt if prompts else None,
            "seed": self.seed,
            "object_seed": self.object_seed,
            "key": self.key,
            "duration_s": self.duration_s,
            "first_frames_ms": self.first_frames_ms,
            "render_ms": self.render_ms,
            "cached": self.cached,
            "fallback": self.fallback,
            "code": self.code,
            "reason": self.reason if prompts else None,
            "again": again,
        }


class Note:
    """What is known so far of a take; `began_s` is when its caller began to wait, by time.perf_counter."""

    def __init__(self, wanted: "Wanted", take: int, began_s: float) -> None:
        """Begin with what was asked, within the call that asked."""
        self._wanted = wanted
        self._take = take
        self._request_id = REQUEST_ID.get("")  # what is made without a server has no calls
        self._began_s = began_s
        self._spec: Spec | None = None
        self._mastering: Mastering | None = None
        self._key: str | None = None
        self._cached: str | None = None
        self._fallback = False
        self._first_frames_s: float | None = None
        self._facts: Facts | None = None

    def begun(self, spec: Spec, mastering: Mastering, *, key: str, cached: str, fallback: bool) -> None:
        """Take what the header tells; `spec` is of the seed that sounds."""
        self._spec, self._mastering = spec, mastering
        self._key, self._cached, self._fallback = key, cached, fallback

    def heard(self) -> None:
        """Take the time of the first frames; only the first call counts."""
        if self._first_frames_s is None:
            self._first_frames_s = time.perf_counter() - self._began_s

    def finished(self, facts: Facts) -> None:
        """Take what is known at the end."""
        self._facts = facts

    def remembered(self) -> Noted:
        """Return the take as the same request will be noted that finds it in memory."""
        return replace(self.ended(None), cached=Cached.MEMORY.value)

    def ended(self, error: BaseException | None) -> Noted:
        """Return the take as it ended: well, or with an error."""
        ask, spec, facts = self._wanted.ask, self._spec, self._facts
        asked_effects = () if ask.effect is None else (ask.effect[:MAX_NAME_CHARACTERS],)
        again = None
        if error is None and spec is not None and self._mastering is not None:
            again = _again(ask, spec, self._mastering)
        return Noted(
            ended_s=time.time(),
            request_id=self._request_id,
            take=self._take,
            engine=spec.engine if spec else (self._wanted.engine or "")[:MAX_NAME_CHARACTERS],
            effects=tuple(layer.path for layer in spec.layers) if spec else asked_effects,
            prompt=ask.prompt,
            seed=spec.seed if spec else (ask.seed + self._take) % 2**32,
            object_seed=ask.object_seed,
            key=self._key,
            duration_s=facts.frames / ask.sample_rate if facts else None,
            first_frames_ms=None if self._first_frames_s is None else self._first_frames_s * 1000.0,
            render_ms=facts.render_s * 1000.0 if facts else None,
            cached=self._cached,
            fallback=self._fallback,
            code=code_name(error),
            reason=str(error)[:MAX_REASON_CHARACTERS] if isinstance(error, SwashError | SoundError) else None,
            again=again,
        )


def code_name(error: BaseException | None) -> str:
    """Return the name of the code that a take ended with; None is a good end."""
    if error is None:
        return "OK"
    if isinstance(error, SwashError | SoundError):
        return code_of(error).name
    left = isinstance(error, asyncio.CancelledError | GeneratorExit)
    return "CANCELLED" if left else "INTERNAL"


def _again(ask: Ask, spec: Spec, mastering: Mastering) -> Again | None:
    """Return how to ask for the same samples; None of a sound that was made from audio its caller brought."""
    common: dict[str, Json] = {
        "engine": spec.engine,
        "seed": spec.seed,
        "objectSeed": spec.object_seed,
        "loop": spec.loop,
        "trim": spec.trim,
        "sampleRate": mastering.sample_rate,
        "channels": mastering.channels,
        "ceilingDbtp": mastering.ceiling_dbtp,
    }
    if spec.duration_s is not None:
        common["durationS"] = spec.duration_s
    if mastering.loudness_lufs is not None:
        common["loudnessLufs"] = mastering.loudness_lufs
    if spec.neural is not None:
        neural = spec.neural
        if neural.init is not None:
            return None
        common |= {"prompt": ask.prompt, "steps": neural.steps, "guidance": neural.guidance}
        common |= {"shortWindow": neural.short_window}
        if neural.negative_prompt is not None:
            common["negativePrompt"] = neural.negative_prompt
        if spec.loop:
            common["loopMethod"] = (
                1 if neural.loop_method is LoopMethod.LATENTS else 2
            )  # LoopMethod in the contract
        return Again(common, private=True)
    if len(spec.layers) == 1:  # one effect says all that the words said
        (layer,) = spec.layers
        return Again({"effect": layer.path, "parameters": dict(layer.parameters), **common}, private=False)
    parameters: dict[str, Json] = dict(ask.parameters)
    return Again({"prompt": ask.prompt, "parameters": parameters, **common}, private=True)
