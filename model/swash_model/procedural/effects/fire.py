"""Fire: flames that lap and puff, gas that hisses, wood that crackles and pops."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drift
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values

PUFF_HZ = 10.0  # flames of 2 cm puff so often: 1.5 / sqrt(diameter in m) (Cetegen & Ahmed, 1993)
CRACKLE_EXPONENT = 0.62  # sizes u^-0.62: few large cracks among many small, as in breaking wood
LARGEST = 10.0  # 20 dB over the smallest
PARTIALS = np.array([[0.42], [1.0], [1.73], [2.9]])  # three that ring, and the snap that opens them
PARTIAL_GAINS = np.array([[0.5], [1.0], [0.7], [0.8]])
PARTIAL_DECAYS = np.array([[0.8], [1.0], [1.4], [5.0]])
MOST_EMBERS = 15
MOST_BREATH = 2.5
CRACKLE_LEVEL = 0.26

NOISE_STREAM, HISS_STREAM = 1, 2
FLICKER_STREAM, HISS_DRIFT_STREAM, ACTIVITY_STREAM = 10, 20, 30
CRACKLE_STREAM, POP_STREAM, EMBER_STREAM, SIZZLE_STREAM = 40, 41, 42, 43


@dataclass(frozen=True, slots=True)
class Character:
    """What burns: levels of the lapping, of its breathy part and of crackles, and the depth of puffing.

    `pitch` of the crackles: what only glows breaks in small pieces.
    """

    lap: float
    breath: float
    crackle: float
    puff: float
    pitch: float = 1.0


CHARACTERS = {
    "crackle": Character(lap=1.0, breath=1.0, crackle=1.0, puff=0.1),
    "burn": Character(lap=1.1, breath=1.7, crackle=0.3, puff=0.0),
    "torch": Character(lap=0.8, breath=1.8, crackle=0.25, puff=0.8),
    "glow": Character(lap=0.06, breath=0.1, crackle=0.9, puff=0.0, pitch=1.9),
}


class Flames:
    """The bodies of flame: a low lapping, and the breath of air that is drawn in."""

    def __init__(self, timeline: Timeline, character: Character) -> None:
        self._timeline = timeline
        self._character = character
        self._noise = Noise(timeline, NOISE_STREAM)
        self._pink = Pink()
        self._lap = StateVariable("lowpass")
        self._no_rumble = StateVariable("highpass")
        self._breath = StateVariable("bandpass")
        self._sway = Drift(timeline, FLICKER_STREAM, 1.7)
        self._flicker = [Drift(timeline, FLICKER_STREAM + 1 + side, 7.0) for side in range(2)]
        self._gust = Drift(timeline, FLICKER_STREAM + 3, 0.6)
        self._haste = Drift(timeline, FLICKER_STREAM + 4, 1.1)
        self._puff_hz = timeline.rate_hz(PUFF_HZ)
        self._lines = Glides()

    def block(self, start: int, size: float, wind: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        end = start + QUANTUM_FRAMES
        flame = self._flame(end, size, wind)
        gust = wind * (0.5 + 0.5 * self._gust.at(end))
        lap = self._character.lap * flame
        breath = self._character.breath * (0.2 + 0.4 * gust) * flame**1.5
        breath /= np.sqrt(1.0 + (breath / MOST_BREATH) ** 2)  # a torch in a storm has no more air than there is
        lap_hz, depth_hz, breath_hz, lap_gain, breath_gain = self._lines.take(
            np.stack(
                [
                    np.full(2, 240.0 - 120.0 * size),  # a match flutters, a house rumbles
                    np.full(2, 30.0 + 110.0 * (1.0 - size) ** 3),
                    np.full(2, 650.0 - 250.0 * size + 500.0 * gust),
                    lap,
                    breath,
                ]
            ),
            QUANTUM_FRAMES,
        )
        noise = self._pink.process(correlated(self._noise.take(start), 0.6))
        low = self._no_rumble.process(self._lap.process(noise, lap_hz, 0.6), depth_hz, 0.7071)
        lapping = np.tanh(low * lap_gain)
        # Minus: above its cutoff the low-pass has turned the noise around, and the two would cancel.
        return np.asarray(lapping - self._breath.process(noise, breath_hz, 0.6) * breath_gain)

    def _flame(self, frame: int, size: float, wind: float) -> Samples:
        """Return how high the flames stand left and right at an absolute frame, around 1, shape (2,)."""
        flicker = np.array([drift.at(frame) for drift in self._flicker])
        # Large flames are slow: they sway, small ones flicker.
        height = 1.0 + (0.25 + 0.25 * size) * self._sway.at(frame) + (0.45 - 0.2 * size) * flicker
        turns = self._puff_hz * self._timeline.position(frame) / SAMPLE_RATE + 1.5 * self._haste.at(frame)
        puff = (0.5 + 0.5 * math.sin(2.0 * math.pi * turns)) ** 2
        depth = self._character.puff * (0.7 + 0.3 * self._gust.at(frame))
        height *= 1.0 + depth * (1.5 * puff - 0.6)
        return np.asarray(np.maximum(height, 0.05) ** (1.0 + 0.7 * wind))


class Hiss:
    """Gas that escapes from wood in spurts, and the steadier steam of wet wood."""

    def __init__(self, timeline: Timeline) -> None:
        self._noise = Noise(timeline, HISS_STREAM)
        self._band = butterworth("bandpass", (2500.0, 9500.0))
        self._spurts = [Drift(timeline, HISS_DRIFT_STREAM + side, 3.1) for side in range(2)]
        self._steam = Drift(timeline, HISS_DRIFT_STREAM + 2, 0.9)
        self._lines = Glides()

    def block(self, start: int, hiss: float, wet: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        end = start + QUANTUM_FRAMES
        spurts = np.array([max(drift.at(end), 0.0) for drift in self._spurts])
        level = hiss * (0.12 + spurts**2) + wet * (0.35 + 0.25 * self._steam.at(end))
        gas = self._band.process(correlated(self._noise.take(start), 0.2))
        return np.asarray(gas * self._lines.take(level, QUANTUM_FRAMES))


class Wood:
    """Crackles, pops with their embers, and the sizzle of water, as grains."""

    def __init__(self, timeline: Timeline, character: Character) -> None:
        self._timeline = timeline
        self._character = character
        self._flurry = Drift(timeline, ACTIVITY_STREAM, 1.0 / 0.35)
        self._mood = Drift(timeline, ACTIVITY_STREAM + 1, 0.3)
        self._crackles = Events(timeline, CRACKLE_STREAM)
        self._pops = Events(timeline, POP_STREAM)
        self._sizzle = Events(timeline, SIZZLE_STREAM)
        self._grains = GrainBank()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        size, wet = values.number("size"), values.number("wet")
        crackle = values.number("crackle") * self._character.crackle
        # Wood breaks in flurries: thirty times as often at one moment as at another.
        activity = math.exp(1.8 * self._flurry.at(start) + 1.1 * self._mood.at(start))
        rate_hz = 70.0 * crackle * (0.35 + 1.3 * size) * (1.0 - 0.4 * wet) * activity
        self._crackle(*self._crackles.take(start, rate_hz), values)
        self._pop(start, 0.35 * crackle * (0.3 + size) * (1.0 + wet) * activity, values)
        if wet > 0.0:
            self._boil(*self._sizzle.take(start, 260.0 * wet * (0.4 + size)), wet)
        out = np.zeros((2, QUANTUM_FRAMES))
        self._grains.sound(out)
        return out

    def _crackle(self, onsets: npt.NDArray[np.int64], draws: Samples, values: Values) -> None:
        """Let fibres break: power-law sizes, the large ones lower."""
        if not len(onsets):
            return
        size, wet = values.number("size"), values.number("wet")
        strength = np.minimum(np.maximum(draws[:, 0], 1e-4) ** -CRACKLE_EXPONENT, LARGEST)
        frequency = (
            1300.0
            * self._character.pitch
            * 5.8 ** draws[:, 1]
            * strength**-0.1
            * (1.2 - 0.4 * size)
            * (1.0 - 0.35 * wet)
        )
        amplitude = _crackle_level(values) * strength
        decay = frequency * (0.2 + 0.6 * draws[:, 2]) * (1.0 + wet)  # wood is a poor bell: Q of 4 to 16
        self._crack(onsets, frequency, decay, amplitude, _place(draws[:, 3], size), draws[:, 4:8])

    def _crack(
        self,
        onsets: npt.NDArray[np.int64],
        frequency_hz: Samples,
        decay: Samples,
        amplitude: Samples,
        pan: Samples,
        phases: Samples,
    ) -> None:
        """Start cracks of several partials each, arrays of shape (cracks,); phases (cracks, partials), 0..1."""
        self._grains.add(
            np.tile(onsets, len(PARTIALS)),
            frequency_hz=(PARTIALS * frequency_hz).ravel(),
            decay=(PARTIAL_DECAYS * decay).ravel(),
            amplitude=(PARTIAL_GAINS * amplitude).ravel(),
            pan=np.tile(pan, len(PARTIALS)),
            phase=2.0 * np.pi * phases.T.ravel(),
            attack_s=0.0001,
        )

    def _pop(self, start: int, rate_hz: float, values: Values) -> None:
        """Let trapped steam burst: a thud, a loud crack, and embers that fall after it."""
        onsets, draws = self._pops.take(start, rate_hz)
        size = values.number("size")
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        for number, (onset, draw) in enumerate(zip(onsets, draws, strict=True)):
            level = _crackle_level(values) * LARGEST * (0.4 + 0.6 * draw[0])
            pan = _place(draw[3:4], size)
            at = np.array([onset])
            self._grains.add(
                at,
                frequency_hz=180.0 + 220.0 * draw[1:2] * (1.2 - size),
                decay=60.0 + 60.0 * draw[2:3],
                amplitude=np.array([0.5 * level]),
                pan=pan,
                attack_s=0.0015,
            )
            pitch_hz, decay = 1000.0 + 1400.0 * draw[4:5], 250.0 + 500.0 * draw[5:6]
            self._crack(at, pitch_hz, decay, np.array([level]), pan, draw[None, 6:10])
            self._scatter(onset, quantum * 8 + number, 0.25 * level, pan)

    def _scatter(self, onset: int, index: int, level: float, pan: Samples) -> None:
        """Let 5 to 15 embers crackle for half a second after a pop."""
        draws = chance.uniforms(self._timeline.seed, EMBER_STREAM, index, 1 + 9 * MOST_EMBERS)
        count = 5 + int(11 * draws[0])
        draws = draws[1:].reshape(MOST_EMBERS, 9)[:count]
        delays_s = 0.02 - 0.15 * np.log(1.0 - 0.98 * draws[:, 0])
        self._crack(
            onset + (delays_s * SAMPLE_RATE).astype(np.int64),
            2200.0 * 3.0 ** draws[:, 1],
            700.0 + 2000.0 * draws[:, 2],
            level * draws[:, 3] ** 2 * np.exp(-2.0 * delays_s),
            np.clip(pan + 0.8 * (draws[:, 4] - 0.5), -1.0, 1.0),
            draws[:, 5:9],
        )

    def _boil(self, onsets: npt.NDArray[np.int64], draws: Samples, wet: float) -> None:
        """Let drops of sap boil at the ends of the logs: many tiny bubbles."""
        self._grains.add(
            onsets,
            frequency_hz=2200.0 * 4.0 ** draws[:, 0],
            decay=500.0 + 1200.0 * draws[:, 1],
            amplitude=0.05 * wet * draws[:, 2] ** 3,
            pan=1.4 * draws[:, 3] - 0.7,
            phase=2.0 * np.pi * draws[:, 4],
            attack_s=0.0004,
        )


def _crackle_level(values: Values) -> float:
    """Return the amplitude of the smallest crackle."""
    return CRACKLE_LEVEL * (0.3 + 0.7 * values.number("crackle")) * (0.14 + 0.8 * values.number("size"))


def _place(draw: Samples, size: float) -> Samples:
    """Return a pan within the width of the fire, from a draw 0..1."""
    return np.asarray((0.25 + 0.65 * size) * (2.0 * draw - 1.0))


class Fire:
    """A voice of one fire."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Light a fire; its `character` is latched here."""
        character = CHARACTERS[values.choice("character")]
        self._flames = Flames(timeline, character)
        self._hiss = Hiss(timeline)
        self._wood = Wood(timeline, character)
        self._level = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        size, wet = values.number("size"), values.number("wet")
        level, hiss = 0.1 + 0.9 * size, 0.16 + 0.66 * size
        flames, gas = self._level.take(np.array([level, hiss]), QUANTUM_FRAMES)
        out = self._flames.block(start, size, values.number("wind")) * flames
        out += self._hiss.block(start, values.number("hiss"), wet) * gas
        return np.asarray(out + self._wood.block(start, values))


FIRE = Effect(
    id="fire",
    title="Fire",
    description="Flames and wood: from a match through a campfire to a burning house.",
    ucs_cat_id="FIRECrkl",
    version=2,
    parameters=(
        Number(
            "size", "How large: 0 a match, 0.4 a campfire, 0.7 a bonfire, 1 a house.", 0.0, 1.0, 0.4, live=True
        ),
        Number("crackle", "How often and how hard the wood crackles and pops.", 0.0, 1.0, 0.5, live=True),
        Number("hiss", "How much gas hisses out in spurts.", 0.0, 1.0, 0.3, live=True),
        Number("wet", "How damp the wood is: it sizzles, steams and crackles dully.", 0.0, 1.0, 0.0, live=True),
        Number("wind", "How much wind tears at the flames.", 0.0, 1.0, 0.1, live=True),
        Choice(
            "character",
            "What burns: wood that crackles, a body that roars, a torch that flutters, or coals that only glow.",
            tuple(CHARACTERS),
            "crackle",
        ),
    ),
    presets=(
        Preset("campfire", "Logs on the ground, a few friends around.", {}, "FIRECrkl"),
        Preset(
            "fireplace",
            "Dry logs behind a grate.",
            {"size": 0.3, "crackle": 0.6, "hiss": 0.2, "wind": 0.0},
            "FIRECrkl",
        ),
        Preset(
            "torch",
            "A torch on a wall or in a hand.",
            {"size": 0.2, "crackle": 0.4, "hiss": 0.3, "wind": 0.3, "character": "torch"},
            "FIRETrch",
        ),
        Preset(
            "match",
            "A match that burns down.",
            {"size": 0.0, "crackle": 0.1, "hiss": 0.4, "wind": 0.0},
            "FIREBurn",
        ),
        Preset(
            "bonfire",
            "A high pile that roars and spits.",
            {"size": 0.7, "crackle": 0.7, "hiss": 0.4, "wind": 0.25},
            "FIREBurn",
        ),
        Preset(
            "house_fire",
            "A building in flames.",
            {"size": 1.0, "crackle": 0.8, "hiss": 0.4, "wind": 0.35, "character": "burn", "gain_db": -3.0},
            "FIREBurn",
        ),
        Preset(
            "damp_wood",
            "Green logs that sizzle and spit.",
            {"size": 0.35, "crackle": 0.45, "hiss": 0.5, "wet": 0.8},
            "FIRESizz",
        ),
        Preset(
            "embers",
            "What glows when the flames are gone.",
            {"size": 0.15, "crackle": 0.8, "hiss": 0.15, "wind": 0.0, "character": "glow", "gain_db": 3.0},
            "FIRECrkl",
        ),
    ),
    endless=Endless(Fire, gain_db=-12.0, min_loop_s=2.0),
)
