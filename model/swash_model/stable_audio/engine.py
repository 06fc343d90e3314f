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
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soxr
import torch
from cachetools import LRUCache
from torch import Tensor

from swash_model.engine import UNWATCHED, Watch
from swash_model.spec import Ask, Block, LoopMethod, NeuralAsk, Recording, Spec
from swash_model.stable_audio.device_model import DeviceStableAudio
from swash_model.stable_audio.ending import Ending, crossfaded
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.fast_model import FastStableAudio
from swash_model.stable_audio.model import (
    Options,
    RunningModel,
    Sound,
    StableAudio,
    Start,
    load,
    load_encoder,
)
from swash_model.stable_audio.pace import Pace
from swash_model.stable_audio.planning import Job, Plan, PlannedEngine, neural_of
from swash_model.stable_audio.pointwise import INT8
from swash_model.stable_audio.precision import EXACT, REDUCED, Forms, Precision, forms_of, has_compiler
from swash_model.stable_audio.quality import STEP_LIMIT, step_error
from swash_model.stable_audio.unfetched import advice
from swash_model.stable_audio.weights import weights_file

BATCH = 4  # takes of a short sound, made at once
BATCH_LATENTS = 64  # beyond so many, a batch gains less than a tenth and its first take comes last
REMEMBERED_LATENTS = 256  # sounds, 64 KiB each: decoded again for another rate or length
COMPILED_FROM = 512  # channels of the transformer: below, compiling takes longer than it gains
VERSION = 1  # rises when a sound of the same weights would be another

log = logging.getLogger(__name__)


class StableAudioEngine(PlannedEngine):
    """Makes sounds with the weights in a folder. Nothing is loaded before `warm_up`."""

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
        super().__init__()
        self._folder, self._t5_folder = folder, t5_folder
        self._precision, self._device = Precision(precision), device
        self._threads = threads or os.cpu_count() or 1
        self._loaded: RunningModel | None = None
        self._pace = Pace()
        self._latents: LRUCache[Job, Tensor] = LRUCache(REMEMBERED_LATENTS)

    @property
    def _model(self) -> RunningModel:
        assert self._loaded is not None, "asked before it was warm"
        return self._loaded

    def warm_up(self) -> None:
        """Load, pack and compile, and measure how long things take; raise ModelFilesError for bad weights."""
        torch.set_num_threads(self._threads)
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(_digest, self._folder, self._t5_folder)
            plain = self._plain()
            model = self._loaded = running_model(plain, self._folder, self._precision, self._device)
            del plain
            parts = (digest.result(), model.forms, version("torch"), VERSION, model.chosen)
            name = f"{digest.result()[:12]}-{model.forms}-{_short_digest(repr(parts))}"
        self.learn(Plan(name, model.config, model.conditioner.tokenizer, self._pace, self._latents))
        gc.collect()
        _give_back_memory()
        self._try_out()

    def _plain(self) -> StableAudio:
        try:
            return load(self._folder, self._t5_folder)
        except ModelFilesError as error:
            raise ModelFilesError(f"{error}; {advice(self._folder, self._t5_folder)}") from error

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at `sample_rate`; for a loop exactly one turn of it."""
        job = self.plan.job(spec)
        latents = self._latents.get(job)
        if latents is None:
            latents = self._sampled(job, [self.plan.job(each) for each in together], watch)
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

    # What is sampled.

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
        sampling = model.sample(sounds, _options(job, start))
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
        frames = round(self.plan.seconds(spec) * config.sample_rate)
        needed = min(latents.shape[1], math.ceil(frames / config.ratio))
        on_ring = spec.loop and neural_of(spec).loop_method is LoopMethod.LATENTS
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
            self._pace.forget()
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


def _options(job: Job, start: Start | None) -> Options:
    """Return how the model is to sample."""
    neural = job.neural
    return Options(
        steps=neural.steps,
        latent_frames=job.latent_frames,
        ring_frames=job.ring_frames,
        guidance=neural.guidance,
        negative_prompt=neural.negative_prompt,
        start=start,
    )


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
