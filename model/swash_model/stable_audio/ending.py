"""How a neural sound begins and ends: no click at the cut, and no silence behind it if nobody wants any."""

import math

import numpy as np

from swash_model.spec import Block

STEP_S = 0.01  # loudness is looked at in steps of this length
FADE_IN_S = 0.002  # the first sample is rarely zero
FADE_OUT_S = 0.02
SILENT_DB = -60.0  # against the loudest step: below, a game hears nothing
SILENT = 1e-4  # -80 dBFS: below, there is nothing to hear at all
KEPT_S = 0.05  # of the silence, to die away in
SHORTEST_S = 0.1  # whatever is trimmed


class Ending:
    """Passes a sound through and keeps back what may turn out to be its end.

    With `trim` the silence at the end is cut, which is known only when no more comes.
    """

    def __init__(self, sample_rate: int, *, trim: bool) -> None:
        self._step = round(STEP_S * sample_rate)
        self._fade_in, self._fade_out = round(FADE_IN_S * sample_rate), round(FADE_OUT_S * sample_rate)
        self._kept, self._shortest = round(KEPT_S * sample_rate), round(SHORTEST_S * sample_rate)
        self._trim = trim
        self._held: Block = np.zeros((0, 0), np.float32)
        self._given = 0  # frames
        self._looked_at = 0  # frames of what is held
        self._heard = 0  # frames of what is held, to the end of the last step that was not silent
        self._loudest = 0.0  # RMS of a step

    def process(self, block: Block) -> Block:
        """Return what is surely heard, shape (frames, channels)."""
        self._held = np.concatenate([self._held, block]) if len(self._held) else block.copy()
        self._look()
        surely = self._heard if self._trim else len(self._held)
        return self._give(max(0, min(surely, len(self._held) - self._fade_out)))

    def flush(self) -> Block:
        """Return the end."""
        end = len(self._held)
        if self._trim:
            end = min(end, max(self._heard + self._kept, self._shortest - self._given))
        self._held = self._held[:end]
        fading = min(self._fade_out, end)
        angles = np.linspace(0.0, math.pi / 2, fading, endpoint=False, dtype=np.float32)
        self._held[end - fading :] *= np.cos(angles)[:, None]
        return self._give(end)

    def _look(self) -> None:
        while self._looked_at + self._step <= len(self._held):
            step = self._held[self._looked_at : self._looked_at + self._step]
            self._looked_at += self._step
            loudness = math.sqrt(float(np.mean(step * step)))
            self._loudest = max(self._loudest, loudness)
            if loudness > max(SILENT, self._loudest * 10.0 ** (SILENT_DB / 20.0)):
                self._heard = self._looked_at

    def _give(self, frames: int) -> Block:
        given, self._held = self._held[:frames], self._held[frames:]
        if self._given < self._fade_in and frames:
            places = np.arange(self._given, min(self._given + frames, self._fade_in), dtype=np.float32)
            given[: len(places)] *= np.sin(places / self._fade_in * (math.pi / 2))[:, None]
        self._given += frames
        self._looked_at, self._heard = max(0, self._looked_at - frames), max(0, self._heard - frames)
        return given


def crossfaded(sound: Block, overlap_frames: int) -> Block:
    """Return one turn of a loop: the last frames of a sound faded out, at equal power, over its first."""
    angles = np.linspace(0.0, math.pi / 2, overlap_frames, endpoint=False, dtype=np.float32)[:, None]
    turn = sound[: len(sound) - overlap_frames].copy()
    turn[:overlap_frames] = turn[:overlap_frames] * np.sin(angles) + sound[-overlap_frames:] * np.cos(angles)
    return turn
