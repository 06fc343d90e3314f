"""Birds: each with its own place and songs, alone, in a flock or in a chorus at dawn."""

from collections.abc import Iterator

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import Pink, butterworth
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.tones import ToneBank, Tones
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects import _songs
from swash_model.procedural.effects._callers import Callers
from swash_model.procedural.effects._songs import KINDS, SONGS, songs_of

FLOCK = 12
CHORUS = (
    *("songbird", "sparrow", "songbird", "tit", "songbird", "dove"),
    *("songbird", "tit", "songbird", "cuckoo", "sparrow", "crow"),
)
FIRST_S = (0.04, 0.3)  # within which the nearest bird begins
ECHOES = 2  # from the trees behind

CALL_STREAM, PLACE_STREAM, AIR_STREAM, MOOD_STREAM = 10, 40, 1, 60


class Flock:
    """Birds of one kind, or of many."""

    def __init__(self, timeline: Timeline, values: Values, *, first_s: float) -> None:
        """Set them down; the nearest begins after `first_s`."""
        seed = timeline.object_seed
        species = values.choice("species")
        names = CHORUS if species == "chorus" else (species,) * FLOCK
        self._kinds = [KINDS[name] for name in names]
        self._songs = [songs_of(kind, seed, bird) for bird, kind in enumerate(self._kinds)]
        draws = chance.uniforms(seed, PLACE_STREAM, 0, 6 * FLOCK).reshape(6, FLOCK)
        nearest = np.arange(FLOCK) == 0
        self._pan = np.where(nearest, 0.5, 1.0) * (1.9 * draws[0] - 0.95)
        self._far = np.where(nearest, 0.0, 0.35 + 0.65 * draws[1])
        self._pitch = 0.92 + 0.16 * draws[2]
        self._pace = 0.9 + 0.2 * draws[3]
        self._rate_hz = np.array([kind.rate_hz for kind in self._kinds]) * (0.75 + 0.5 * draws[4])
        offsets = chance.uniforms(timeline.seed, PLACE_STREAM, 1, FLOCK)
        self._callers = Callers(timeline, CALL_STREAM, offsets, draws=8, first_s=first_s)
        self._bank = ToneBank()

    def block(self, start: int, values: Values, *, only_first: bool = False) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames); `only_first`: no bird calls twice."""
        calls = self._callers.due(start, self._rate_hz * 4.0 ** (values.number("activity") - 0.5), 0.6)
        for who, onset, draws in zip(calls.who, calls.onsets, calls.draws, strict=True):
            here = min(max(values.number("birds") - who, 0.0), 1.0)
            if draws[1] < here and (not only_first or (who == 0 and start == 0)):
                self._sing(int(who), int(onset), draws, values)
        out = np.zeros((2, QUANTUM_FRAMES))
        self._bank.sound(out)
        return out

    @property
    def silent(self) -> bool:
        """Return whether none of them is to be heard any more."""
        return self._bank.silent

    def _sing(self, who: int, onset: int, draws: Samples, values: Values) -> None:
        """Let one bird sing one of its songs, a little otherwise than the last time."""
        song = self._songs[who][int(SONGS * draws[2])]
        kind, far = self._kinds[who], self._far[who] * values.number("spread")
        pace = values.number("tempo") * self._pace[who] * (0.96 + 0.08 * draws[3])
        pitch = values.number("pitch") * self._pitch[who] * (0.985 + 0.03 * draws[4])
        level = kind.level * (0.75 + 0.25 * draws[5]) * 10.0 ** (-1.1 * far)
        # Far ones lose their overtones to the air, and are heard again from the trees behind them.
        partials = np.array(kind.partials) * np.exp(-1.2 * far * np.arange(len(kind.partials)))
        partials[partials < 0.04] = 0.0  # what nobody hears costs as much as the rest
        if draws[6] < 0.2 and len(song) > 3:
            song = song[: len(song) - 1 - int(2 * draws[7])]  # sometimes it breaks off
        for echo in range(1 + ECHOES if far > 0.3 else 1):
            late_s = (0.0, 0.07 + 0.05 * draws[7], 0.19 + 0.09 * draws[6])[echo]
            self._add(
                song, onset + round(late_s * SAMPLE_RATE), pace, pitch, level * 0.35**echo, partials, who, echo
            )

    def _add(
        self,
        song: Samples,
        onset: int,
        pace: float,
        pitch: float,
        level: float,
        partials: Samples,
        who: int,
        echo: int,
    ) -> None:
        """Start the syllables of a song; an echo comes from the other side, and softly."""
        life_s = song[:, _songs.LIFE] / pace
        begin = song[:, _songs.ATTACK] * life_s
        soften_s = 0.02 * echo
        self._bank.add(
            onset + (song[:, _songs.AT] / pace * SAMPLE_RATE).astype(np.int64),
            Tones(
                life_s=life_s + 3.0 * soften_s,
                hz=song[:, _songs.BEGIN_HZ : _songs.END_HZ + 1] * pitch,
                level=level * song[:, _songs.LEVEL],
                attack_s=begin + soften_s,
                release_s=song[:, _songs.RELEASE] * life_s + 2.0 * soften_s,
                partials=partials,
                vibrato_hz=song[:, _songs.VIBRATO_HZ] * pace,
                vibrato=song[:, _songs.VIBRATO],
                tremolo_hz=song[:, _songs.TREMOLO_HZ] * pace,
                tremolo=song[:, _songs.TREMOLO],
                rough=song[:, _songs.ROUGH],
            ),
            pan=float(self._pan[who]) * (1.0, -0.6, 0.2)[echo],
            key=(song[:, _songs.AT] * 0.37 + 0.11 * who) % 1.0,
        )


class Birds:
    """A voice of birds in the open air."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        low_s, high_s = FIRST_S
        first_s = low_s + (high_s - low_s) * chance.uniform(timeline.seed, PLACE_STREAM, 2)
        self._flock = Flock(timeline, values, first_s=first_s)
        self._noise = Noise(timeline, AIR_STREAM)
        self._pink = Pink()
        self._leaves = butterworth("bandpass", (180.0, 1600.0), order=1)
        self._breeze = Drifts(timeline, MOOD_STREAM, 0.4, 2)
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        breeze = 1.0 + 0.5 * self._breeze.at(start + QUANTUM_FRAMES)
        level = self._lines.take(0.02 * values.number("air") * breeze, QUANTUM_FRAMES)
        air = self._leaves.process(self._pink.process(correlated(self._noise.take(start), 0.3)))
        return np.asarray(self._flock.block(start, values) + air * level)


LONGEST_S = 6.0
CHORUS_S = 5.0


def one_call(timeline: Timeline, values: Values) -> Iterator[Samples]:
    """Yield one song of one bird, or of a chorus a few seconds."""
    if values.choice("species") == "chorus":
        birds = Birds(timeline, values)
        frames = round(CHORUS_S * SAMPLE_RATE)
        for start in range(0, frames, QUANTUM_FRAMES):
            left = (frames - 1 - start - np.arange(QUANTUM_FRAMES)) / SAMPLE_RATE
            yield birds.block(start, values) * np.sin(np.minimum(left, 1.0) * np.pi / 2.0) ** 2
        return
    flock = Flock(timeline, values, first_s=0.0)
    for start in range(0, round(LONGEST_S / values.number("tempo") * SAMPLE_RATE), QUANTUM_FRAMES):
        yield flock.block(start, values, only_first=True)
        if flock.silent:
            return


BIRDS = Effect(
    id="birds",
    title="Birds",
    description="Songbirds, sparrows, crows, owls, gulls and others: one call, a flock, or a chorus at dawn.",
    ucs_cat_id="BIRDSong",
    version=1,
    parameters=(
        Choice(
            "species",
            "Who calls: one kind of bird, or a chorus of many.",
            ("songbird", "chorus", "sparrow", "crow", "owl", "gull", "dove", "cuckoo", "tit"),
            "songbird",
        ),
        Number("birds", "How many birds there are, the nearest first.", 1.0, float(FLOCK), 3.0, live=True),
        Number(
            "activity", "How often each of them calls: 0 now and then, 1 hardly a pause.", 0.0, 1.0, 0.5, live=True
        ),
        Number(
            "pitch",
            "Pitch against the natural one; larger birds are lower.",
            0.4,
            2.0,
            1.0,
            "x",
            "logarithmic",
            True,
        ),
        Number(
            "tempo", "How quickly they sing against the natural pace.", 0.75, 2.0, 1.0, "x", "logarithmic", True
        ),
        Number(
            "spread",
            "How far off all but the nearest are: 0 at hand, 1 deep in the wood.",
            0.0,
            1.0,
            0.6,
            live=True,
        ),
        Number("air", "How much of the open air is heard behind them.", 0.0, 1.0, 0.3, live=True),
    ),
    presets=(
        Preset("songbird", "A bird that sings its phrases, and others that answer.", {}, "BIRDSong"),
        Preset(
            "dawn_chorus",
            "A wood before sunrise, all at once.",
            {"species": "chorus", "birds": 12.0, "activity": 0.85, "spread": 0.7, "air": 0.5},
            "AMBBird",
        ),
        Preset(
            "sparrows",
            "A hedge full of sparrows.",
            {"species": "sparrow", "birds": 7.0, "spread": 0.4},
            "BIRDSong",
        ),
        Preset("crow", "Crows over a field.", {"species": "crow", "birds": 2.0}, "BIRDCrow"),
        Preset(
            "owl",
            "An owl at night, and one that answers.",
            {"species": "owl", "birds": 2.0, "air": 0.2},
            "BIRDPrey",
        ),
        Preset(
            "seagulls",
            "Gulls above a harbour.",
            {"species": "gull", "birds": 5.0, "activity": 0.6, "spread": 0.5},
            "BIRDSea",
        ),
        Preset("doves", "Doves on a roof.", {"species": "dove", "birds": 2.0, "spread": 0.4}, "BIRDMisc"),
        Preset("cuckoo", "A cuckoo across the valley.", {"species": "cuckoo", "birds": 1.0}, "BIRDMisc"),
    ),
    one_shot=OneShot(one_call, gain_db=-0.7),
    endless=Endless(Birds, gain_db=-6.8, min_loop_s=4.0),
)
