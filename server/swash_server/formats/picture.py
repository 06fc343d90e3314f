"""A sound to look at: waveform above, spectrogram below, as a PNG."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from swash_model.spec import Block

RANGE_DB = 90.0  # below the loudest point all is black
LOWEST_HZ = 30.0
WINDOW_S = 0.03
COLUMNS = 1800  # of the waveform: more than there are pixels


def draw(block: Block, sample_rate: int, path: Path, *, title: str = "") -> None:
    """Write a picture of a whole sound, shape (frames, channels), to a PNG file."""
    figure = Figure(figsize=(9.0, 5.0), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    wave, spectrogram = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.4))
    _wave(wave, block, sample_rate)
    _spectrogram(spectrogram, block, sample_rate)
    wave.set_title(title, loc="left", fontsize=10)
    figure.savefig(path, format="png")


def _wave(axes: Axes, block: Block, sample_rate: int) -> None:
    edges = np.linspace(0, len(block), COLUMNS + 1).astype(int)
    for channel, colour in zip(range(block.shape[1]), ("#1b7f9e", "#c2622d"), strict=False):
        if len(block) <= 4 * COLUMNS:  # short enough to show every sample
            axes.plot(np.arange(len(block)) / sample_rate, block[:, channel], alpha=0.7, lw=0.8, color=colour)
            continue
        parts = [block[a:b, channel] for a, b in pairwise(edges)]
        low, high = [part.min() for part in parts], [part.max() for part in parts]
        axes.fill_between(edges[:-1] / sample_rate, low, high, alpha=0.6, linewidth=0, color=colour)
    axes.set_ylim(-1, 1)
    axes.set_ylabel("level")
    axes.grid(alpha=0.25)


def _spectrogram(axes: Axes, block: Block, sample_rate: int) -> None:
    window = max(64, int(WINDOW_S * sample_rate))
    hop = max(1, min(window // 4, len(block) // 256))
    samples = block.mean(axis=1, dtype=np.float64)
    if len(samples) < window:
        samples = np.pad(samples, (0, window - len(samples)))
    transform = ShortTimeFFT(hann(window), hop, sample_rate, mfft=max(2048, window))
    level_db = 10.0 * np.log10(transform.spectrogram(samples) + 1e-20)
    top = float(level_db.max())
    times = transform.t(len(samples))
    mesh = axes.pcolormesh(
        times,
        transform.f,
        level_db - top,
        vmin=-RANGE_DB,
        vmax=0.0,
        cmap="magma",
        shading="nearest",
        rasterized=True,
    )
    axes.set_yscale("log")
    axes.set_ylim(LOWEST_HZ, sample_rate / 2)
    axes.set_xlim(0, len(block) / sample_rate)
    axes.set_ylabel("Hz")
    axes.set_xlabel("s")
    axes.figure.colorbar(mesh, ax=axes, label="dB", pad=0.01)
