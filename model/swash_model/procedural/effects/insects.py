"""Insects: crickets that chirp, cicadas that buzz, wings that whine past; or a whole field at night."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.tones import ToneBank, Tones
from swash_model.dsp.turns import Turns
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._callers import Callers
from swash_model.procedural.effects._wings import PASS_S, PLACE_STREAM, WINGS, Flyers, chorus

CRICKETS, TRILLERS, KATYDIDS, CICADAS = 12, 4, 3, 6
PULSES = 4  # of a chirp: a wing that closes four times
LOUDER = np.array([0.55, 0.85, 1.0, 0.95])  # from pulse to pulse
FIRST_S = 0.03  # within which the first cricket chirps
CHIRP_S = 0.4  # of one cricket, at most
PASSAGE_S = 3.0  # of what has no single call

CRICKET_STREAM, TRILL_STREAM, KATYDID_STREAM, CICADA_STREAM = 10, 30, 40, 50
BED_STREAM, SONG_STREAM = 2, 110


def chirps_hz(temperature_c: float) -> float:
    """Return how often a tree cricket chirps (A. E. Dolbear, "The Cricket as a Thermometer", 1897)."""
    return (40.0 + 7.0 * (temperature_c - 10.0)) / 60.0


class Insects(Protocol):
    """Some insects of one kind."""

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        ...


class Crickets:
    """Crickets: each has a pitch, a pace and a place of its own."""

    def __init__(self, timeline: Timeline, *, first_s: float) -> None:
        """Place them; the nearest chirps after `first_s`."""
        seed = timeline.object_seed
        draws = chance.uniforms(seed, PLACE_STREAM, 0, 6 * CRICKETS).reshape(6, CRICKETS)
        self._hz = 3900.0 + 1300.0 * draws[0]
        self._pace = 0.75 + 0.5 * draws[1]
        self._pan = np.where(np.arange(CRICKETS) == 0, 0.4, 1.0) * (1.9 * draws[2] - 0.95)
        self._near = np.where(np.arange(CRICKETS) == 0, 1.0, 0.2 + 0.6 * draws[3] ** 2)
        self._pulses = np.where(draws[4] < 0.5, 3, PULSES)
        self._pulse_hz = 26.0 + 12.0 * draws[5]
        offsets = chance.uniforms(timeline.seed, PLACE_STREAM, 1, CRICKETS)
        self._callers = Callers(timeline, CRICKET_STREAM, offsets, draws=6, first_s=first_s)
        self._mood = Drifts(timeline, SONG_STREAM, 0.12, CRICKETS)
        self._bank = ToneBank()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        temperature = values.number("temperature_c")
        rate_hz = chirps_hz(temperature) * self._pace
        calls = self._callers.due(start, rate_hz, 0.12)
        if len(calls.who):
            sings = chorus(values.number("density"), CRICKETS)
            # Now and then one falls silent for a while; the nearest hardly ever does.
            sings[1:] *= np.clip(3.0 * (self._mood.at(start)[1:] + 0.65), 0.0, 1.0)
            self._chirp(*calls, sings, values)
        out = np.zeros((2, QUANTUM_FRAMES))
        self._bank.sound(out)
        return out

    def _chirp(
        self,
        who: npt.NDArray[np.int64],
        onsets: npt.NDArray[np.int64],
        draws: Samples,
        sings: Samples,
        values: Values,
    ) -> None:
        """Let some of them chirp once: a few pulses, each a little lower at its end, that grow louder."""
        pulse = np.arange(PULSES)
        sounding = (pulse < self._pulses[who, None]) & (sings[who, None] > 0.0)
        warm = 0.55 + 0.018 * values.number("temperature_c")
        period_s = 1.0 / (self._pulse_hz[who] * warm)
        jitter = 0.0012 * (draws[:, 1:5] - 0.5)
        begin = onsets[:, None] + ((pulse * period_s[:, None] + jitter).clip(0.0) * SAMPLE_RATE).astype(np.int64)
        hz = self._hz[who] * values.number("pitch") * (0.94 + 0.0027 * values.number("temperature_c"))
        hz = np.broadcast_to((hz * (0.994 + 0.012 * draws[:, 5]))[:, None], begin.shape)[sounding]
        level = (0.28 * self._near * sings)[who, None] * LOUDER * (0.85 + 0.3 * draws[:, 1:5])
        life_s = np.broadcast_to((0.55 * period_s)[:, None], begin.shape)[sounding]
        self._bank.add(
            begin[sounding],
            Tones(
                life_s=life_s,
                hz=hz[:, None] * np.array([1.012, 1.004, 0.975]),
                level=level[sounding],
                attack_s=0.3 * life_s,
                release_s=0.5 * life_s,
                partials=np.array([1.0, 0.1, 0.05, 0.015]),
                rough=np.full(len(hz), 0.06),
            ),
            pan=np.broadcast_to(self._pan[who, None], begin.shape)[sounding],
            key=np.broadcast_to(draws[:, :1], begin.shape)[sounding],
        )


class Night:
    """What is behind them: so many far crickets that they shimmer, and the air."""

    def __init__(self, timeline: Timeline) -> None:
        self._noise = Noise(timeline, BED_STREAM)
        self._mass = [StateVariable("bandpass") for _ in range(2)]
        self._shimmer = Drifts(timeline, SONG_STREAM + 20, 7.0, 4)
        self._air = butterworth("bandpass", (150.0, 900.0), order=1)
        self._lines = Glides()

    def block(self, start: int, values: Values, many: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames), of `many` 0..1 far crickets."""
        shimmer = 1.0 + 0.35 * self._shimmer.at(start + QUANTUM_FRAMES)
        pitch_hz = 4450.0 * values.number("pitch") * (0.94 + 0.0027 * values.number("temperature_c"))
        high_hz, low_hz, high, low, air = self._lines.take(
            np.array(
                [
                    [pitch_hz] * 2,
                    [0.64 * pitch_hz] * 2,
                    0.035 * many * shimmer[:2],
                    0.02 * many * shimmer[2:],
                    [0.003 + 0.01 * many] * 2,
                ]
            ),
            QUANTUM_FRAMES,
        )
        noise = correlated(self._noise.take(start), 0.25)
        mass = self._mass[0].process(noise, high_hz, 9.0) * high + self._mass[1].process(noise, low_hz, 14.0) * low
        return np.asarray(mass + self._air.process(noise) * air)


class Meadow:
    """A few crickets and little else."""

    def __init__(self, timeline: Timeline) -> None:
        self._crickets = Crickets(timeline, first_s=_first_s(timeline))
        self._night = Night(timeline)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        night = self._night.block(start, values, 0.35 * values.number("density"))
        return np.asarray(self._crickets.block(start, values) + night)


def _first_s(timeline: Timeline) -> float:
    """Return when the first cricket chirps."""
    return FIRST_S * chance.uniform(timeline.seed, PLACE_STREAM, 2)


class Field:
    """A field at night: crickets near and far, tree crickets that trill, a katydid, and the mass behind them."""

    def __init__(self, timeline: Timeline) -> None:
        seed = timeline.object_seed
        self._crickets = Crickets(timeline, first_s=_first_s(timeline))
        self._night = Night(timeline)
        draws = chance.uniforms(seed, PLACE_STREAM, 3, 4 * TRILLERS).reshape(4, TRILLERS)
        self._hz = 2350.0 + 900.0 * draws[0]
        self._pan = 1.8 * draws[1] - 0.9
        self._level = 0.022 + 0.03 * draws[2]
        self._beat_hz = 42.0 + 26.0 * draws[3]
        offsets = chance.uniforms(timeline.seed, PLACE_STREAM, 4, TRILLERS)
        self._trillers = Callers(timeline, TRILL_STREAM, offsets, draws=4)
        self._bank = ToneBank()
        place = chance.uniforms(seed, PLACE_STREAM, 5, 2 * KATYDIDS).reshape(2, KATYDIDS)
        self._katydid_pan = 1.8 * place[0] - 0.9
        self._katydid_level = 0.01 + 0.03 * place[1] ** 2
        offsets = chance.uniforms(timeline.seed, PLACE_STREAM, 6, KATYDIDS)
        self._katydids = Callers(timeline, KATYDID_STREAM, offsets, draws=6)
        self._bursts = BurstBank(64)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        out = self._crickets.block(start, values)
        density, warm = values.number("density"), values.number("temperature_c") / 22.0
        self._trill(start, density, warm, values.number("pitch"))
        self._bank.sound(out)
        self._rasp(start, density, warm)
        self._bursts.sound(out)
        return np.asarray(out + self._night.block(start, values, density))

    def _trill(self, start: int, density: float, warm: float, pitch: float) -> None:
        """Let tree crickets begin trills of several seconds."""
        calls = self._trillers.due(start, np.full(TRILLERS, 1.0 / 5.0), 0.3)
        who = calls.who
        if not len(who):
            return
        hz = self._hz[who] * pitch * (0.9 + 0.1 * warm)
        self._bank.add(
            calls.onsets,
            Tones(
                life_s=2.2 + 2.2 * calls.draws[:, 1],
                hz=hz[:, None] * np.array([0.995, 1.0, 0.998]),
                level=self._level[who] * np.clip(4.0 * density - who, 0.0, 1.0),
                attack_s=np.full(len(who), 0.35),
                release_s=np.full(len(who), 0.3),
                partials=np.array([1.0, 0.12, 0.04]),
                tremolo_hz=self._beat_hz[who] * warm,
                tremolo=np.full(len(who), 0.9),
                rough=np.full(len(who), 0.05),
            ),
            pan=self._pan[who],
            key=calls.draws[:, 2],
        )

    def _rasp(self, start: int, density: float, warm: float) -> None:
        """Let katydids rasp: two or three dry strokes that say their name."""
        calls = self._katydids.due(start, np.array([0.62, 0.71, 0.55]) * warm, 0.1)
        who = calls.who
        if not len(who):
            return
        strokes = np.arange(9)  # three rasps of three teeth each, a rasp every 90 ms
        at_s = 0.09 * (strokes // 3) + 0.011 * (strokes % 3)
        onsets = (calls.onsets[:, None] + (at_s * SAMPLE_RATE).astype(np.int64)).ravel()
        shape = (len(who), len(strokes))
        level = self._katydid_level[who] * np.clip(3.0 * density - 0.6 * who, 0.0, 1.0)
        self._bursts.add(
            onsets,
            centre_hz=np.broadcast_to(5200.0 + 900.0 * calls.draws[:, 1:2], shape).ravel(),
            resonance=1.6,
            decay=120.0,
            amplitude=np.broadcast_to(level[:, None], shape).ravel(),
            pan=np.broadcast_to(self._katydid_pan[who, None], shape).ravel(),
            key=((calls.draws[:, 2:3] + 0.0617 * strokes) % 1.0).ravel(),
        )


class Cicadas:
    """Cicadas: ribs that click hundreds of times a second, in a body that rings; they swell and die away."""

    RESONANCES_HZ = np.array([3500.0, 6200.0, 9800.0, 13_500.0])
    GAINS = np.array([0.5, 1.0, 0.45, 0.16])

    def __init__(self, timeline: Timeline) -> None:
        draws = chance.uniforms(timeline.object_seed, PLACE_STREAM, 7, 6 * CICADAS).reshape(6, CICADAS)
        self._scale = 0.86 + 0.28 * draws[0]
        self._click_hz = 190.0 + 150.0 * draws[1]
        self._pan = np.where(np.arange(CICADAS) == 0, 0.4, 1.0) * (1.9 * draws[2] - 0.95)
        self._near = np.where(np.arange(CICADAS) == 0, 1.0, 0.35 + 0.55 * draws[3] ** 2)
        self._beat_hz = 8.0 + 7.0 * draws[4]
        self._depth = 0.35 + 0.5 * draws[5]
        begin = chance.uniforms(timeline.seed, PLACE_STREAM, 8, 2 * CICADAS).reshape(2, CICADAS)
        self._callers = Callers(timeline, CICADA_STREAM, begin[0], draws=3)
        self._beats = Turns(timeline, begin[1])
        self._songs = Drifts(timeline, SONG_STREAM + 30, 0.3, CICADAS)
        self._grains = GrainBank(1024)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        warm = 0.6 + 0.4 * values.number("temperature_c") / 22.0
        beats = self._beats.step(start, self._beat_hz * warm)
        calls = self._callers.due(start, self._click_hz * warm, 0.25)
        who, draws = calls.who, calls.draws
        beat = beats.begin[who] + (beats.end - beats.begin)[who] * np.minimum(calls.onsets / QUANTUM_FRAMES, 1.0)
        swell = (0.55 + 0.45 * self._songs.at(start)) ** 2
        level = (self._near * swell * chorus(values.number("density"), CICADAS))[who]
        level = level * (1.0 - self._depth[who] * np.cos(np.pi * beat) ** 2) * (0.4 + 0.6 * draws[:, 1])
        hz = (values.number("pitch") * self._scale[who])[:, None] * self.RESONANCES_HZ
        self._grains.add(
            np.repeat(calls.onsets, 4),
            frequency_hz=(hz * (0.94 + 0.12 * draws[:, 2:3])).ravel(),
            decay=(300.0 + 0.08 * hz).ravel(),
            amplitude=(0.23 * level[:, None] * self.GAINS).ravel(),
            pan=np.repeat(self._pan[who], 4),
            phase=(2.0 * np.pi * ((draws[:, 1:2] * 7.0 + np.arange(4) * 0.31) % 1.0)).ravel(),
            attack_s=0.0002,
        )
        out = np.zeros((2, QUANTUM_FRAMES))
        self._grains.sound(out)
        return out


def insects(timeline: Timeline, values: Values) -> Insects:
    """Return a voice of insects; the species is latched here."""
    species = values.choice("species")
    if species == "cricket":
        return Meadow(timeline)
    if species == "field":
        return Field(timeline)
    return Cicadas(timeline) if species == "cicada" else Flyers(timeline, values)


def one_call(timeline: Timeline, values: Values) -> Samples | Iterator[Samples]:
    """Return a chirp of one cricket or the pass of something that flies; yield a passage of the others."""
    species = values.choice("species")
    if species == "cricket":
        alone = values.changed("density", 0.0)
        return np.concatenate(list(_performed(Crickets(timeline, first_s=0.0), alone, CHIRP_S, 0.01)), axis=1)
    if species in WINGS:
        return _performed(Flyers(timeline, values, once=True), values, PASS_S, 0.25)
    return _performed(insects(timeline, values), values, PASSAGE_S, 1.0)


def _performed(voice: Insects, values: Values, length_s: float, fade_s: float) -> Iterator[Samples]:
    """Yield some of a voice, which fades at its end."""
    frames = round(length_s * SAMPLE_RATE / QUANTUM_FRAMES) * QUANTUM_FRAMES
    fade = round(fade_s * SAMPLE_RATE)
    for start in range(0, frames, QUANTUM_FRAMES):
        left = np.clip((frames - 1 - start - np.arange(QUANTUM_FRAMES)) / fade, 0.0, 1.0)
        yield voice.block(start, values) * np.sin(left * np.pi / 2.0) ** 2


INSECTS = Effect(
    id="insects",
    title="Insects",
    description="Crickets, cicadas, flies, bees, mosquitoes, or a whole field at night.",
    ucs_cat_id="ANMLInsc",
    version=1,
    parameters=(
        Choice(
            "species",
            "What is heard: crickets, a field at night, cicadas, or wings of a fly, a bee or a mosquito.",
            ("cricket", "field", "cicada", *WINGS),
            "cricket",
        ),
        Number("density", "How many there are: 0 one, 1 all around.", 0.0, 1.0, 0.4, live=True),
        Number(
            "temperature_c",
            "How warm it is: the warmer, the quicker they chirp and beat their wings.",
            12.0,
            36.0,
            22.0,
            "°C",
            live=True,
        ),
        Number(
            "pitch",
            "Pitch against the natural one; larger insects are lower.",
            0.5,
            1.6,
            1.0,
            "x",
            "logarithmic",
            True,
        ),
        Number(
            "movement", "How far what flies moves about: 0 hovers, 1 from ear to ear.", 0.0, 1.0, 0.7, live=True
        ),
    ),
    presets=(
        Preset("crickets", "A few crickets in the grass.", {}, "ANMLInsc"),
        Preset("lone_cricket", "One cricket, close.", {"density": 0.0}, "ANMLInsc"),
        Preset(
            "night_field",
            "A warm night: crickets near and far.",
            {"species": "field", "density": 0.8, "temperature_c": 24.0},
            "AMBInsc",
        ),
        Preset(
            "cicadas",
            "Cicadas in the noon heat.",
            {"species": "cicada", "density": 0.7, "temperature_c": 31.0},
            "ANMLInsc",
        ),
        Preset("fly", "A fly that will not leave.", {"species": "fly", "density": 0.0}, "ANMLInsc"),
        Preset("bee", "A bee among flowers.", {"species": "bee", "density": 0.0, "movement": 0.5}, "ANMLInsc"),
        Preset(
            "bee_swarm",
            "A hive that is awake.",
            {"species": "bee", "density": 1.0, "movement": 0.8},
            "ANMLInsc",
        ),
        Preset("mosquito", "A mosquito at the ear.", {"species": "mosquito", "density": 0.0}, "ANMLInsc"),
    ),
    one_shot=OneShot(one_call, gain_db=6.1),
    endless=Endless(insects, gain_db=-3.4, min_loop_s=4.0),
)
