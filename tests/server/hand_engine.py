"""An engine that a test turns by hand, step by step, in the place of the neural one: so races have an order."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from swash_model.engine import UNWATCHED, Watch
from swash_model.engines import NEURAL_ENGINE
from swash_model.spec import Ask, Block, LoopMethod, NeuralSpec, Resolved, Spec

WAIT_S = 60.0  # longer than any test should take; a test that forgets a step fails instead of hanging


class HandEngine:
    """Makes a tone of the seed's pitch, once a test has allowed each of its steps."""

    name = NEURAL_ENGINE
    licence = "of the test"
    version = "1"
    sample_rate = 44_100
    exclusive = True

    def __init__(self, expected_s: float = 0.0, warm_up: Exception | None = None) -> None:
        self.expected = expected_s
        self.warming = threading.Event()
        self.warm = threading.Event()
        self.warm.set()
        self.begun: list[int] = []  # seeds, in the order in which their making began
        self.together: list[tuple[int, ...]] = []  # and of those that were to follow
        self.failure: Exception | None = None
        self._warm_up = warm_up
        self._steps = threading.Semaphore(0)
        self._free = False

    def step(self, steps: int = 1) -> None:
        """Let the sound that is made, or the next one, do so many steps more."""
        self._steps.release(steps)

    def let_go(self) -> None:
        """Let every sound be made as it comes."""
        self._free = True
        self._steps.release()

    def warm_up(self) -> None:
        self.warming.set()
        assert self.warm.wait(WAIT_S)
        if self._warm_up is not None:
            raise self._warm_up

    def expected_s(self, spec: Spec) -> float:  # noqa: ARG002
        return self.expected

    def resolve(self, ask: Ask) -> Resolved:
        asked = ask.neural
        neural = NeuralSpec(
            prompt=ask.prompt or "",
            negative_prompt=asked.negative_prompt,
            steps=asked.steps or 4,
            guidance=asked.guidance or (2.0 if asked.negative_prompt else 1.0),
            init=asked.init,
            init_noise_level=asked.init_noise_level or (0.7 if asked.init else 1.0),
            short_window=asked.short_window,
            loop_method=asked.loop_method or LoopMethod.LATENTS,
        )
        spec = Spec(self.name, (), ask.duration_s or 1.0, ask.loop, ask.trim, True, ask.seed, 0, neural)
        return Resolved(spec, prompt_truncated=len(neural.prompt) > 100)

    def version_of(self, spec: Spec) -> str:  # noqa: ARG002
        return self.version

    def natural_channels(self, spec: Spec) -> int:  # noqa: ARG002
        return 2

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        return round((spec.duration_s or 1.0) * sample_rate)

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        assert spec.neural is not None
        self.begun.append(spec.seed)
        self.together.append(tuple(each.seed for each in together))
        for step in range(1, spec.neural.steps + 1):
            assert self._free or self._steps.acquire(timeout=WAIT_S), "no test allowed this step"
            if watch.stopped():
                return
            if self.failure is not None:
                raise self.failure
            watch.progress(step, spec.neural.steps)
        watch.stage("sample", 0.5)
        frames = round((spec.duration_s or 1.0) * self.sample_rate)
        tone = np.sin(2 * np.pi * (100 + spec.seed % 1000) / self.sample_rate * np.arange(frames))
        yield np.repeat(0.1 * tone[:, None].astype(np.float32), 2, axis=1)
