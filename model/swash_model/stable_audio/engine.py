"""The neural engine: one sound at a time, on every core, from weights that the user brings."""

import ctypes
import dataclasses
import gc
import hashlib
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soxr
import torch
from cachetools import LRUCache
from torch import Tensor

from swash_model.engine import UNWATCHED, Watch
from swash_model.errors import InvalidAskError
from swash_model.spec import Ask, Block, LoopMethod, NeuralAsk, NeuralSpec, Recording, Resolved, Spec
from swash_model.stable_audio.device_model import DeviceStableAudio
from swash_model.stable_audio.ending import STEP_S, Ending, crossfaded
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.fast_model import FastStableAudio
from swash_model.stable_audio.fast_oobleck import FIRST_WINDOW
from swash_model.stable_audio.model import (
    DEFAULT_STEPS,
    MAX_STEPS,
    Options,
    RunningModel,
    Sound,
    StableAudio,
    Start,
    load,
    load_encoder,
)
from swash_model.stable_audio.pace import Pace
from swash_model.stable_audio.pointwise import INT8
from swash_model.stable_audio.precision import EXACT, REDUCED, Forms, Precision, forms_of, has_compiler
from swash_model.stable_audio.quality import STEP_LIMIT, step_error
from swash_model.stable_audio.sampler import MIN_SIGMA
from swash_model.stable_audio.weights import weights_file

DEFAULT_DURATION_S = 8.0
MIN_DURATION_S = 0.1
MIN_LOOP_S = 0.25
MIN_CROSSFADE_S, MAX_CROSSFADE_S = 0.1, 1.0
MAX_GUIDANCE = 15.0
DEFAULT_GUIDANCE, DEFAULT_NEGATIVE_GUIDANCE = (
    1.0,
    2.0,
)  # the weights want 1, which has no use for a negative prompt
DEFAULT_NOISE_LEVEL = 0.7

BATCH = 4  # takes of a short sound, made at once
BATCH_LATENTS = 64  # beyond so many, a batch gains less than a tenth and its first take comes last
REMEMBERED_LATENTS = 256  # sounds, 64 KiB each: decoded again for another rate or length
COMPILED_FROM = 512  # channels of the transformer: below, compiling takes longer than it gains
VERSION = 1  # rises when a sound of the same weights would be another

log = logging.getLogger(__name__)


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

    def options(self, start: Start | None) -> Options:
        """Return how the model is to sample."""
        neural = self.neural
        return Options(
            steps=neural.steps,
            latent_frames=self.latent_frames,
            ring_frames=self.ring_frames,
            guidance=neural.guidance,
            negative_prompt=neural.negative_prompt,
            start=start,
        )


class StableAudioEngine:
    """Makes sounds with the weights in a folder. Nothing is loaded before `warm_up`."""

    name = "stable_audio"
    licence = "Yours, under the Stability AI Community License of the model"
    exclusive = True

    def __init__(
        self,
        folder: Path,
        t5_folder: Path | None = None,
        precision: str = "auto",
        threads: int = 0,
        device: str = "cpu",
    ) -> None:
        """Take a folder of weights, and of T5 if it lies elsewhere than in `t5`.

        `precision` is auto, exact or fast, `device` cpu or cuda; `threads` is how many cores, 0 all.
        """
        self._folder, self._t5_folder = folder, t5_folder
        self._precision, self._device = Precision(precision), device
        self._threads = threads or os.cpu_count() or 1
        self._loaded: RunningModel | None = None
        self._version = ""
        self._pace = Pace()
        self._latents: LRUCache[Job, Tensor] = LRUCache(REMEMBERED_LATENTS)

    @property
    def _model(self) -> RunningModel:
        assert self._loaded is not None, "asked before it was warm"
        return self._loaded

    @property
    def sample_rate(self) -> int:
        """Return the rate that the model was trained at."""
        return self._model.config.sample_rate

    @property
    def version(self) -> str:
        """Return a digest of the weights and of what computes with them; nothing before `warm_up`."""
        return self._version

    @property
    def max_duration_s(self) -> float:
        """Return the longest sound, rounded down to milliseconds."""
        config = self._model.config
        return math.floor(1000 * config.decoder.frames_of(config.latent_frames) / config.sample_rate) / 1000

    def warm_up(self) -> None:
        """Load, pack and compile, and measure how long things take; raise ModelFilesError for bad weights."""
        torch.set_num_threads(self._threads)
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(_digest, self._folder, self._t5_folder)
            plain = load(self._folder, self._t5_folder)
            model = self._loaded = running_model(plain, self._folder, self._precision, self._device)
            del plain
            parts = (digest.result(), model.forms, version("torch"), VERSION, model.chosen)
            self._version = f"{digest.result()[:12]}-{model.forms}-{_short_digest(repr(parts))}"
        gc.collect()
        _give_back_memory()
        self._try_out()

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound; raise InvalidAskError."""
        if ask.prompt is None:
            raise InvalidAskError("effect", f"the engine {self.name!r} takes words: a prompt, got {ask.effect!r}")
        if ask.parameters:
            names = ", ".join(sorted(ask.parameters))
            raise InvalidAskError("parameters", f"the engine {self.name!r} has none, got {names[:80]}")
        prompt = " ".join(ask.prompt.split())
        neural = self._neural(ask, prompt)
        duration_s = self._duration_s(ask, neural.loop_method)
        spec = Spec(
            engine=self.name,
            layers=(),
            duration_s=duration_s,
            loop=ask.loop,
            trim=duration_s is None,
            endless=False,
            seed=ask.seed,
            object_seed=0,
            neural=neural,
        )
        return Resolved(spec, prompt_truncated=self._model.conditioner.truncates(prompt))

    def version_of(self, spec: Spec) -> str:  # noqa: ARG002
        """Return the version: all sounds come from the same weights."""
        return self._version

    def natural_channels(self, spec: Spec) -> int:  # noqa: ARG002
        """Return 2: the model knows nothing else."""
        return 2

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        """Return the length at this rate; None where silence at the end will be cut."""
        return None if spec.duration_s is None else round(spec.duration_s * sample_rate)

    def expected_s(self, spec: Spec) -> float:
        """Return the seconds to the first block, by what was measured here."""
        job, neural = self._job(spec), _neural_of(spec)
        whole = math.ceil(self._seconds(spec) * self.sample_rate / self._model.config.ratio)
        expected_s = self._pace.expected_s("decode", whole if spec.loop else min(whole, FIRST_WINDOW))
        if job not in self._latents:
            twice = 1 if neural.guidance == 1.0 else 2
            expected_s += twice * neural.steps * self._pace.expected_s("step", job.latent_frames)
            expected_s += self._pace.expected_s("text", 1)
            if neural.init is not None:  # the encoder is the decoder turned round: the same work
                expected_s += self._pace.expected_s("decode", job.latent_frames)
        return expected_s

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at `sample_rate`; for a loop exactly one turn of it."""
        job = self._job(spec)
        latents = self._latents.get(job)
        if latents is None:
            latents = self._sampled(job, [self._job(each) for each in together], watch)
        if latents is None:
            return
        decoded = self._decoded(spec, latents, watch)
        if spec.loop:
            turn = np.concatenate([np.zeros((0, 2), np.float32), *decoded])
            if not watch.stopped():
                yield self._turn(spec, turn)
            return
        ending = Ending(self.sample_rate, trim=spec.trim)
        for block in decoded:
            if len(heard := ending.process(block)):
                yield heard
        if not watch.stopped() and len(end := ending.flush()):
            yield end

    # What is asked.

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
            wanted = f"{MIN_DURATION_S:g} to {longest_s:g} of the engine {self.name!r}"
            raise InvalidAskError("duration_s", f"{wanted}, got {ask.duration_s:g}")
        return round(ask.duration_s, 4)

    def _loop_s(self, asked_s: float | None, loop_method: LoopMethod) -> float:
        """Return the length of a loop: on a ring, whole latents."""
        config = self._model.config
        latent_s = config.ratio / config.sample_rate
        longest_s = config.latent_frames * latent_s
        if loop_method is LoopMethod.CROSSFADE:
            longest_s = self.max_duration_s - MIN_CROSSFADE_S
        asked_s = min(DEFAULT_DURATION_S, longest_s) if asked_s is None else asked_s
        # Half a latent of grace: a loop can be asked for again with the length it was given, at any rate.
        if not MIN_LOOP_S - latent_s / 2 <= asked_s <= longest_s + latent_s / 2:
            wanted = (
                f"{MIN_LOOP_S:g} to {math.floor(1000 * longest_s) / 1000:g} for a loop of the engine {self.name!r}"
            )
            raise InvalidAskError("duration_s", f"{wanted}, got {asked_s:g}")
        if loop_method is LoopMethod.CROSSFADE:
            return round(min(max(asked_s, MIN_LOOP_S), longest_s), 4)
        fewest = math.ceil(MIN_LOOP_S / latent_s)
        return min(max(round(asked_s / latent_s), fewest), config.latent_frames) * latent_s

    # What is sampled.

    def _seconds(self, spec: Spec) -> float:
        """Return how much is to be decoded."""
        if spec.duration_s is None:
            return min(DEFAULT_DURATION_S, self.max_duration_s)
        return spec.duration_s + self._crossfade_s(spec)

    def _crossfade_s(self, spec: Spec) -> float:
        """Return how much of the end goes over into the beginning."""
        if not spec.loop or spec.duration_s is None or _neural_of(spec).loop_method is LoopMethod.LATENTS:
            return 0.0
        return min(MAX_CROSSFADE_S, spec.duration_s / 2, self.max_duration_s - spec.duration_s)

    def _job(self, spec: Spec) -> Job:
        config, neural = self._model.config, _neural_of(spec)
        window, seconds = config.latent_frames, self._seconds(spec)
        needed = min(window, math.ceil(seconds * config.sample_rate / config.ratio))
        latent_frames = needed if neural.short_window else window
        ring_frames = None
        if spec.loop and neural.loop_method is LoopMethod.LATENTS:
            ring_frames = round(seconds * config.sample_rate / config.ratio)
        # Trained on whole seconds. A loop must not come to its end: it is told that all of the window is sound.
        told = window * config.ratio / config.sample_rate if spec.loop else seconds
        return Job(neural, float(math.ceil(told)), latent_frames, ring_frames, spec.seed)

    @torch.inference_mode()
    def _sampled(self, job: Job, together: Sequence[Job], watch: Watch) -> Tensor | None:
        """Return the latents (latent_channels, latent_frames) of a job, or None when nobody waits any more."""
        model = self._model
        jobs = [job]
        if job.latent_frames <= BATCH_LATENTS and job.neural.init is None:
            jobs += [
                other
                for other in together
                if dataclasses.replace(other, seed=job.seed) == job and other not in self._latents
            ][: BATCH - 1]
        torch.set_num_threads(self._threads)
        sounds = [Sound(job.neural.prompt, job.seconds, each.seed) for each in jobs]
        began_s = time.perf_counter()
        model.condition([job.neural.prompt], [job.seconds])  # remembered for what follows
        watch.stage("text", self._took("text", 1, began_s))
        start = self._start(job, watch)
        began_s = time.perf_counter()
        latents = None
        sampling = model.sample(sounds, job.options(start))
        for step in range(job.neural.steps):
            if watch.stopped():
                return None
            step_began_s = time.perf_counter()
            latents = next(sampling)
            self._took("step", job.latent_frames, step_began_s, times=_passes(job, jobs))
            watch.progress(step + 1, job.neural.steps)
        assert latents is not None
        watch.stage("sample", time.perf_counter() - began_s)
        for each, its_latents in zip(jobs, latents, strict=True):
            self._latents[each.without_audio()] = its_latents
        return latents[0]

    def _start(self, job: Job, watch: Watch) -> Start | None:
        """Return where to begin, if not from noise alone."""
        init, model = job.neural.init, self._model
        if init is None:
            return None
        began_s = time.perf_counter()
        audio = _at_rate(init, model.config.sample_rate)
        known = model.encode(model.fit(audio, job.ring_frames or job.latent_frames))
        watch.stage("encode", time.perf_counter() - began_s)
        return Start(audio, job.neural.init_noise_level, known)

    def _took(self, kind: str, size: int, began_s: float, times: int = 1) -> float:
        """Return the seconds since a piece of work began, and learn from them."""
        seconds = time.perf_counter() - began_s
        self._pace.took(kind, size, seconds / times)
        return seconds

    @torch.inference_mode()
    def _decoded(self, spec: Spec, latents: Tensor, watch: Watch) -> Iterator[Block]:
        """Yield the audio of latents, window by window, as long as it is wanted."""
        model, config = self._model, self._model.config
        frames = round(self._seconds(spec) * config.sample_rate)
        needed = min(latents.shape[1], math.ceil(frames / config.ratio))
        on_ring = spec.loop and _neural_of(spec).loop_method is LoopMethod.LATENTS
        windows = model.turn(latents) if on_ring else model.decoded(latents, needed)
        spent_s = 0.0
        while not watch.stopped() and frames > 0:
            torch.set_num_threads(self._threads)
            began_s = time.perf_counter()
            audio = next(windows, None)
            if audio is None:
                break
            spent_s += self._took("decode", len(audio) // config.ratio or 1, began_s)
            yield np.asarray(audio[:frames].expand(-1, 2), dtype=np.float32)
            frames -= len(audio)
        watch.stage("decode", spent_s)
        _give_back_memory()  # 30 ms for 200 MiB

    def _turn(self, spec: Spec, sound: Block) -> Block:
        """Return one turn of a loop."""
        overlap_frames = len(sound) - round((spec.duration_s or 0.0) * self.sample_rate)
        return crossfaded(sound, overlap_frames) if overlap_frames else sound

    # What is loaded.

    def _try_out(self) -> None:
        """Compile what is compiled at its first use, then learn how long things take without that."""
        for steps in (1, 2):
            self._pace = Pace()
            ask = Ask(prompt="", duration_s=self.max_duration_s, neural=NeuralAsk(steps=steps))
            next(self.render(self.resolve(ask).spec), None)
        self._latents.clear()


def running_model(plain: StableAudio, folder: Path, precision: Precision, device: str) -> RunningModel:
    """Return a model as it runs, of one that was loaded from a folder and is of no use afterwards."""
    if device != "cpu":
        return _elsewhere(plain, precision, device)
    model = _packed(plain, folder, forms_of(precision))
    if model.forms.dit == INT8 and (error := step_error(model, plain)) > STEP_LIMIT:
        log.warning("precision fast: off by %.2f a step, %.2f at most: auto instead", error, STEP_LIMIT)
        model = _packed(plain, folder, forms_of(Precision.AUTO))
    return model


def _packed(plain: StableAudio, folder: Path, forms: Forms) -> FastStableAudio:
    compiled = _pays_to_compile(plain) and has_compiler()
    return FastStableAudio(plain, forms, lambda: load_encoder(folder), compiled=compiled)


def _elsewhere(plain: StableAudio, precision: Precision, device: str) -> DeviceStableAudio:
    if not torch.cuda.is_available():
        raise ModelFilesError(
            f"device {device}: torch {version('torch')} sees no such device here; "
            "install a build of it for your accelerator, or take the device cpu"
        )
    forms = EXACT if precision is Precision.EXACT else REDUCED
    return DeviceStableAudio(plain, device, forms, compiled=forms is REDUCED and _pays_to_compile(plain))


def _pays_to_compile(plain: StableAudio) -> bool:
    return plain.config.dit.channels >= COMPILED_FROM


def _neural_of(spec: Spec) -> NeuralSpec:
    assert spec.neural is not None, "a Spec of another engine"
    return spec.neural


def _passes(job: Job, jobs: Sequence[Job]) -> int:
    """Return how many times the transformer ran in one step, for one sound each."""
    return len(jobs) * (1 if job.neural.guidance == 1.0 else 2)


def _at_rate(recording: Recording, sample_rate: int) -> Tensor:
    """Return audio as the model takes it, shape (channels, frames)."""
    samples = soxr.resample(recording.samples, recording.sample_rate, sample_rate, quality="HQ")
    return torch.from_numpy(np.ascontiguousarray(samples.T, np.float32))


def _digest(folder: Path, t5_folder: Path | None) -> str:
    """Return a digest of everything that a sound depends on in the folders."""
    sha256 = hashlib.sha256()
    t5_folder = t5_folder or folder / "t5"
    for path in (folder / "model_config.json", t5_folder / "config.json", t5_folder / "tokenizer.json"):
        sha256.update(path.read_bytes() if path.is_file() else b"")
    for path in (weights_file(folder), t5_folder / "model.safetensors"):
        if path.is_file():
            with path.open("rb") as file:
                sha256.update(hashlib.file_digest(file, "sha256").digest())
    return sha256.hexdigest()


def _short_digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _give_back_memory() -> None:
    """Return to the system what loading took; only glibc has a word for it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
