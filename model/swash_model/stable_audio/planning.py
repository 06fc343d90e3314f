"""What can be asked of a neural engine, and what a sound will take: all of it but what needs the weights.

A plan is made where the model is loaded, and sent to whoever takes the calls: nothing here imports torch.
"""

import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from swash_model.engine import UNWATCHED, Watch
from swash_model.errors import InvalidAskError
from swash_model.spec import Ask, Block, LoopMethod, NeuralSpec, Recording, Resolved, Spec
from swash_model.stable_audio.config import Config
from swash_model.stable_audio.ending import STEP_S
from swash_model.stable_audio.limits import DEFAULT_STEPS, FIRST_WINDOW, MAX_STEPS, MIN_SIGMA
from swash_model.stable_audio.pace import Pace

NAME = "stable_audio"
DEFAULT_DURATION_S = 8.0
MIN_DURATION_S = 0.1
MIN_LOOP_S = 0.25
MIN_CROSSFADE_S, MAX_CROSSFADE_S = 0.1, 1.0
MAX_GUIDANCE = 15.0
DEFAULT_GUIDANCE = 1.0  # what the weights want, and it has no use for a negative prompt
DEFAULT_NEGATIVE_GUIDANCE = 2.0
DEFAULT_NOISE_LEVEL = 0.7


@dataclass(frozen=True, slots=True)
class Job:
    """Latents to be sampled: everything that they depend on."""

    neural: NeuralSpec
    seconds: float  # that the network is told
    latent_frames: int
    ring_frames: int | None
    seed: int

    def without_audio(self) -> "Job":
        """Return an equal job that can be kept: audio to begin with is told from other by its digest alone."""
        if self.neural.init is None:
            return self
        init = dataclasses.replace(self.neural.init, samples=np.zeros((0, 1), np.float32))
        return dataclasses.replace(self, neural=dataclasses.replace(self.neural, init=init))


@dataclass(frozen=True, slots=True)
class News:
    """What a plan learns with every sound: how long work takes, and what need not be sampled again."""

    pace: Pace
    remembered: frozenset[Job]


@dataclass(slots=True)
class Plan:
    """What is known of a model that is loaded. `tokenizer` cuts prompts as the model's conditioner does."""

    version: str
    config: Config
    tokenizer: Tokenizer
    pace: Pace
    remembered: Collection[Job]

    @property
    def max_duration_s(self) -> float:
        """Return the longest sound, rounded down to milliseconds."""
        config = self.config
        return math.floor(1000 * config.decoder.frames_of(config.latent_frames) / config.sample_rate) / 1000

    def news(self) -> News:
        """Return what changes with every sound, as it is now."""
        return News(self.pace, frozenset(self.remembered))

    def learn(self, news: News) -> None:
        """Take over what has changed."""
        self.pace, self.remembered = news.pace, news.remembered

    def sendable(self) -> "Plan":
        """Return an equal plan that holds no latents."""
        return dataclasses.replace(self, remembered=frozenset(self.remembered))

    def truncates(self, prompt: str) -> bool:
        """Return whether a prompt is longer than what is read of it."""
        return bool(self.tokenizer.encode(prompt).overflowing)

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound; raise InvalidAskError."""
        if ask.prompt is None:
            raise InvalidAskError("effect", f"the engine {NAME!r} takes words: a prompt, got {ask.effect!r}")
        if ask.parameters:
            names = ", ".join(sorted(ask.parameters))
            raise InvalidAskError("parameters", f"the engine {NAME!r} has none, got {names[:80]}")
        prompt = " ".join(ask.prompt.split())
        neural = self._neural(ask, prompt)
        duration_s = self._duration_s(ask, neural.loop_method)
        spec = Spec(
            engine=NAME,
            layers=(),
            duration_s=duration_s,
            loop=ask.loop,
            trim=duration_s is None,
            endless=False,
            seed=ask.seed,
            object_seed=0,
            neural=neural,
        )
        return Resolved(spec, prompt_truncated=self.truncates(prompt))

    def expected_s(self, spec: Spec) -> float:
        """Return the seconds to the first block, by what was measured here."""
        job, neural = self.job(spec), neural_of(spec)
        whole = math.ceil(self.seconds(spec) * self.config.sample_rate / self.config.ratio)
        expected_s = self.pace.expected_s("decode", whole if spec.loop else min(whole, FIRST_WINDOW))
        if job not in self.remembered:
            twice = 1 if neural.guidance == 1.0 else 2
            expected_s += twice * neural.steps * self.pace.expected_s("step", job.latent_frames)
            expected_s += self.pace.expected_s("text", 1)
            if neural.init is not None:  # the encoder is the decoder turned round: the same work
                expected_s += self.pace.expected_s("decode", job.latent_frames)
        return expected_s

    def seconds(self, spec: Spec) -> float:
        """Return how much is to be decoded."""
        if spec.duration_s is None:
            return min(DEFAULT_DURATION_S, self.max_duration_s)
        return spec.duration_s + self._crossfade_s(spec)

    def _crossfade_s(self, spec: Spec) -> float:
        """Return how much of the end goes over into the beginning."""
        if not spec.loop or spec.duration_s is None or neural_of(spec).loop_method is LoopMethod.LATENTS:
            return 0.0
        return min(MAX_CROSSFADE_S, spec.duration_s / 2, self.max_duration_s - spec.duration_s)

    def job(self, spec: Spec) -> Job:
        """Return what is to be sampled for a Spec."""
        config, neural = self.config, neural_of(spec)
        window, seconds = config.latent_frames, self.seconds(spec)
        needed = min(window, math.ceil(seconds * config.sample_rate / config.ratio))
        latent_frames = needed if neural.short_window else window
        ring_frames = None
        if spec.loop and neural.loop_method is LoopMethod.LATENTS:
            ring_frames = round(seconds * config.sample_rate / config.ratio)
        # Trained on whole seconds. A loop must not come to its end: it is told that all of the window is sound.
        told = window * config.ratio / config.sample_rate if spec.loop else seconds
        return Job(neural, float(math.ceil(told)), latent_frames, ring_frames, spec.seed)

    def _neural(self, ask: Ask, prompt: str) -> NeuralSpec:
        asked = ask.neural
        steps = DEFAULT_STEPS if asked.steps is None else asked.steps
        if not 1 <= steps <= MAX_STEPS:
            raise InvalidAskError("steps", f"1 to {MAX_STEPS}, got {steps}")
        negative = None if asked.negative_prompt is None else " ".join(asked.negative_prompt.split())
        guidance = asked.guidance
        if guidance is None:
            guidance = DEFAULT_GUIDANCE if negative is None else DEFAULT_NEGATIVE_GUIDANCE
        guidance = round(guidance, 4)
        if not 1.0 <= guidance <= MAX_GUIDANCE:  # also refuses NaN
            raise InvalidAskError("guidance", f"1 to {MAX_GUIDANCE:g}, got {guidance:g}")
        if negative is not None and guidance == 1.0:
            raise InvalidAskError("guidance", "above 1 with a negative_prompt, which 1 does without, got 1")
        return NeuralSpec(
            prompt=prompt,
            negative_prompt=negative,
            steps=steps,
            guidance=guidance,
            init=self._init(asked.init),
            init_noise_level=self._noise_level(asked.init, asked.init_noise_level),
            short_window=asked.short_window,
            loop_method=asked.loop_method or LoopMethod.LATENTS,
        )

    def _init(self, init: Recording | None) -> Recording | None:
        if init is None:
            return None
        seconds = len(init.samples) / init.sample_rate
        # A file of the longest sound, made at another rate, may be a frame longer than it.
        if not MIN_DURATION_S <= seconds <= self.max_duration_s + STEP_S:
            wanted = f"{MIN_DURATION_S:g} to {self.max_duration_s:g} s"
            raise InvalidAskError("init_audio", f"{wanted} of audio, got {seconds:.4g} s")
        return init

    @staticmethod
    def _noise_level(init: Recording | None, level: float | None) -> float:
        if init is None:
            if level is not None:
                raise InvalidAskError("init_noise_level", "only with init audio, and there is none")
            return 1.0
        level = DEFAULT_NOISE_LEVEL if level is None else round(level, 4)
        if not MIN_SIGMA <= level <= 1.0:  # also refuses NaN
            raise InvalidAskError("init_noise_level", f"{MIN_SIGMA:g} to 1, got {level:g}")
        return level

    def _duration_s(self, ask: Ask, loop_method: LoopMethod) -> float | None:
        """Return the length to make; None for the natural one."""
        longest_s = self.max_duration_s
        if ask.loop:
            return self._loop_s(ask.duration_s, loop_method)
        if ask.duration_s is None:
            return None if ask.trim else min(DEFAULT_DURATION_S, longest_s)
        if not MIN_DURATION_S <= ask.duration_s <= longest_s:
            wanted = f"{MIN_DURATION_S:g} to {longest_s:g} of the engine {NAME!r}"
            raise InvalidAskError("duration_s", f"{wanted}, got {ask.duration_s:g}")
        return round(ask.duration_s, 4)

    def _loop_s(self, asked_s: float | None, loop_method: LoopMethod) -> float:
        """Return the length of a loop: on a ring, whole latents."""
        config = self.config
        latent_s = config.ratio / config.sample_rate
        longest_s = config.latent_frames * latent_s
        if loop_method is LoopMethod.CROSSFADE:
            longest_s = self.max_duration_s - MIN_CROSSFADE_S
        asked_s = min(DEFAULT_DURATION_S, longest_s) if asked_s is None else asked_s
        # Half a latent of grace: a loop can be asked for again with the length it was given, at any rate.
        if not MIN_LOOP_S - latent_s / 2 <= asked_s <= longest_s + latent_s / 2:
            wanted = f"{MIN_LOOP_S:g} to {math.floor(1000 * longest_s) / 1000:g} for a loop of the engine {NAME!r}"
            raise InvalidAskError("duration_s", f"{wanted}, got {asked_s:g}")
        if loop_method is LoopMethod.CROSSFADE:
            return round(min(max(asked_s, MIN_LOOP_S), longest_s), 4)
        fewest = math.ceil(MIN_LOOP_S / latent_s)
        return min(max(round(asked_s / latent_s), fewest), config.latent_frames) * latent_s


class PlannedEngine:
    """The neural engine as whoever plans sees it; it makes no sound. Before it has a plan nothing can be asked."""

    name = NAME
    licence = "Yours, under the Stability AI Community License of the model"
    exclusive = True

    def __init__(self) -> None:
        self._known: Plan | None = None

    @property
    def plan(self) -> Plan:
        """Return what is known of the model."""
        assert self._known is not None, "asked before it was warm"
        return self._known

    @property
    def sample_rate(self) -> int:
        """Return the rate that the model was trained at."""
        return self.plan.config.sample_rate

    @property
    def version(self) -> str:
        """Return a digest of the weights and of what computes with them; nothing before there is a plan."""
        return "" if self._known is None else self._known.version

    @property
    def max_duration_s(self) -> float:
        """Return the longest sound, rounded down to milliseconds."""
        return self.plan.max_duration_s

    def learn(self, told: Plan | News) -> None:
        """Take over a plan, or what has changed of it."""
        if isinstance(told, Plan):
            self._known = told
        else:
            self.plan.learn(told)

    def warm_up(self) -> None:
        """Raise: it is warmed up where it renders."""
        raise NotImplementedError

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound; raise InvalidAskError."""
        return self.plan.resolve(ask)

    def version_of(self, spec: Spec) -> str:  # noqa: ARG002
        """Return the version: all sounds come from the same weights."""
        return self.version

    def natural_channels(self, spec: Spec) -> int:  # noqa: ARG002
        """Return 2: the model knows nothing else."""
        return 2

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        """Return the length at this rate; None where silence at the end will be cut."""
        return None if spec.duration_s is None else round(spec.duration_s * sample_rate)

    def expected_s(self, spec: Spec) -> float:
        """Return the seconds to the first block, by what was measured where it renders."""
        return self.plan.expected_s(spec)

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        """Raise: the sound is made where the model is."""
        raise NotImplementedError


def neural_of(spec: Spec) -> NeuralSpec:
    """Return the part of a Spec that this engine makes."""
    assert spec.neural is not None, "a Spec of another engine"
    return spec.neural
