"""What a reduced precision costs: python -m benchmarks neural_quality [FOLDER].

Against float32, over eight seeds: relative error of the latents and of the waveform, and the distance of the
logarithmic mel spectra in dB. Random weights rank the precisions; how much is heard only real ones would tell.
"""

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import stft

from benchmarks.measuring import table
from benchmarks.neural import model_folder
from swash_model.stable_audio.fast_model import FastStableAudio
from swash_model.stable_audio.model import Sound, load
from swash_model.stable_audio.precision import EXACT, Forms, Precision, forms_of
from swash_model.stable_audio.quality import relative_error

SEEDS = range(8)
PROMPTS = ("heavy rain on a tin roof", "a dog barks in the distance", "metal door slams", "birds at dawn")
MEL_BANDS = 64
DECODED_LATENTS = 64  # three seconds of each: decoding is half of the work
FLOOR_DB = -80.0  # against the loudest: what is below differs without being heard


Made = tuple[torch.Tensor, torch.Tensor]
"""Latents (latent_channels, latent_frames), and the audio (frames, channels) of their beginning."""


@torch.inference_mode()
def main() -> None:
    """Print one line for each precision."""
    with model_folder() as folder:
        plain = load(folder)
        forms = {**{each.value: forms_of(each) for each in (Precision.AUTO, Precision.FAST)}}
        forms["auto, but T5 in float32"] = Forms(forms["auto"].dit, forms["auto"].autoencoder, torch.float32)
        sounds = [Sound(PROMPTS[seed % len(PROMPTS)], 11.0, seed) for seed in SEEDS]
        right = [
            _made(FastStableAudio(plain, EXACT, lambda: plain.encoder, compiled=False), each) for each in sounds
        ]
        rows = []
        for name, each in forms.items():
            model = FastStableAudio(load(folder), each, lambda: plain.encoder, compiled=False)
            made = [_made(model, sound) for sound in sounds]
            rows.append((name, str(each), *_compared(model, made, right)))
            del model
    table(
        "Neural: reduced precision against float32, 8 seeds, median (worst)",
        ("precision", "DiT-autoencoder", "latents", "waveform", "waveform of the same latents", "log-mel, dB"),
        rows,
    )


def _made(model: FastStableAudio, sound: Sound) -> Made:
    *_, latents = model.sample([sound])
    return latents[0], _audio(model, latents[0])


def _audio(model: FastStableAudio, latents: torch.Tensor) -> torch.Tensor:
    return torch.cat(list(model.decoded(latents, min(DECODED_LATENTS, latents.shape[1]))))


def _compared(model: FastStableAudio, made: list[Made], right: list[Made]) -> list[str]:
    """Return the columns of one precision."""
    pairs = list(zip(made, right, strict=True))
    sample_rate = model.config.sample_rate
    return [
        _percent([relative_error(its[0], exact[0]) for its, exact in pairs]),
        _percent([relative_error(its[1], exact[1]) for its, exact in pairs]),
        _percent([relative_error(_audio(model, exact[0]), exact[1]) for _, exact in pairs]),
        _median_and_worst([_log_mel_db(its[1], exact[1], sample_rate) for its, exact in pairs], "{:.2f}"),
    ]


def _percent(errors: list[float]) -> str:
    return _median_and_worst([100.0 * error for error in errors], "{:.3g} %")


def _median_and_worst(values: list[float], form: str) -> str:
    return f"{form.format(np.median(values))} ({form.format(max(values))})"


def _log_mel_db(made: torch.Tensor, exact: torch.Tensor, sample_rate: int) -> float:
    """Return the mean absolute difference of two logarithmic mel spectra."""
    spectra = [_mel_db(audio.mean(1).numpy(), sample_rate) for audio in (made, exact)]
    floor = spectra[1].max() + FLOOR_DB
    return float(np.abs(np.maximum(spectra[0], floor) - np.maximum(spectra[1], floor)).mean())


def _mel_db(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """Return power in mel bands (O'Shaughnessy's 2595 log10(1 + f/700)), dB, shape (bands, windows)."""
    frequencies_hz, _, spectrum = stft(samples, sample_rate, nperseg=2048, noverlap=1536)
    highest = 2595.0 * np.log10(1.0 + sample_rate / 2 / 700.0)
    edges_hz = 700.0 * (10.0 ** (np.linspace(0.0, highest, MEL_BANDS + 2) / 2595.0) - 1.0)
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (frequencies_hz - low) / (middle - low), (high - frequencies_hz) / (high - middle)
    bands = np.clip(np.minimum(rising, falling), 0.0, None)  # (bands, frequencies)
    return np.asarray(10.0 * np.log10(bands @ np.abs(spectrum) ** 2 + 1e-12))
