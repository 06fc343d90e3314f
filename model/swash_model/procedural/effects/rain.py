"""Rain: single drops close by, on one of eight surfaces, before the blur of all the others."""

import math

import numpy as np

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glide
from swash_model.dsp.filters import butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.modal import Modes
from swash_model.dsp.sheet import Sheet
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values
from swash_model.procedural.effects._rain_surfaces import SURFACES, TYPICAL_MM, Ringing

NOISE_STREAM, DROP_STREAM, BUBBLE_STREAM, CROWD_STREAM = 1, 30, 31, 34
GUST_STREAM, LULL_STREAM, SHEET_STREAM, SPOT_STREAM, DRIP_STREAM = 40, 44, 50, 51, 60

GUST_AHEAD_FRAMES = round(0.4 * SAMPLE_RATE)  # a gust crosses the picture in this time, left to right
GUST_DB = 8.0  # between calm and gust in the strongest wind
CROWD_HZ = 6000.0  # drops a second in the middle distance of a downpour
EARS = (0, 1)
SPOTS = 6  # places along the eaves that drip


class Rain:
    """A voice of rain."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start a shower on the surface that `values` names."""
        self._timeline = timeline
        self._surface = surface = SURFACES[values.choice("surface")]
        self._noise = Noise(timeline, NOISE_STREAM)
        tail_s = 1.0 / max(400.0, surface.decay)
        self._crowd = [Collisions(timeline, CROWD_STREAM + ear, rate_hz=CROWD_HZ, decay_s=tail_s) for ear in EARS]
        self._hiss = butterworth("bandpass", surface.bed_hz, order=1)
        self._rumble = butterworth("bandpass", (100.0, 500.0), order=1)
        self._gusts = Drifts(timeline, GUST_STREAM, 0.3, 1)
        self._lulls = Drifts(timeline, LULL_STREAM, 0.15, 2)
        self._drops = Events(timeline, DROP_STREAM)
        self._bubbles = Events(timeline, BUBBLE_STREAM)
        self._eaves = Eaves(timeline)
        self._sheet = _sheet(surface.ringing, timeline.object_seed) if surface.ringing else None
        self._bursts = BurstBank()
        self._grains = GrainBank()
        self._crowded = [Glide() for _ in EARS]
        self._crowd_level = Glide()
        self._far = [Glide() for _ in EARS]
        self._level = Glide()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        intensity = values.number("intensity")
        growth = 2.2 ** (values.number("drop_size") - 0.5)
        gust = self._gust(start, values.number("wind"))
        rate_hz = (20.0 + 900.0 * intensity**2) * float(gust.mean())

        out = self._bed(start, intensity, growth, gust)
        self._fall(start, rate_hz, intensity, growth, out)
        if self._surface.bubbles:
            self._bubble(start, 0.35 * rate_hz)
        if (eaves := values.number("eaves")) > 0.0:
            self._eaves.drip(start, eaves, self._bursts, self._grains)
        self._bursts.sound(out)
        self._grains.sound(out)
        # Nature's 30 dB from drizzle to downpour would leave no room in a mix.
        return out * self._level.take(1.25 - 0.5 * intensity, QUANTUM_FRAMES)

    def _gust(self, start: int, wind: float) -> Samples:
        """Return how much thicker the rain falls left and right, as a level, shape (2,)."""
        left, right = self._gusts.at(start + GUST_AHEAD_FRAMES)[0], self._gusts.at(start)[0]
        gust_db = GUST_DB * wind * np.array([left, right]) + self._lulls.at(start)
        return np.asarray(10.0 ** (gust_db / 20.0))

    def _bed(self, start: int, intensity: float, growth: float, gust: Samples) -> Samples:
        """Return the drops that are too many or too far to be told apart: a crowd, and behind it a blur."""
        blur = self._noise.take(start)
        crowd = np.empty_like(blur)
        far = 10.0 ** (1.5 * (intensity - 1.0))  # 30 dB from drizzle to downpour
        crowd_hz = 60.0 + CROWD_HZ * intensity**2
        for ear in EARS:
            blur[ear] *= self._far[ear].take(far * gust[ear], QUANTUM_FRAMES)
            # Collisions weigh each hit by the drive; here it says how many, and all weigh the same.
            drive = self._crowded[ear].take(crowd_hz * gust[ear] / (3.0 * CROWD_HZ), QUANTUM_FRAMES)
            crowd[ear] = self._crowd[ear].take(start, drive) / drive
        crowd *= self._crowd_level.take(0.13 * (0.4 + 0.6 * intensity) * growth**1.3, QUANTUM_FRAMES)
        out = self._hiss.process(correlated(crowd + 0.2 * blur, 0.25))
        # Without it rain is a hiss: ground and roofs far away answer low.
        out += self._rumble.process(correlated(blur, 0.75)) * (0.7 * self._surface.rumble)
        return out

    def _fall(self, start: int, rate_hz: float, intensity: float, growth: float, out: Samples) -> None:
        """Let the near drops fall."""
        surface = self._surface
        onsets, draws = self._drops.take(start, rate_hz)
        # Diameters are skewed to the small, and heavy rain has larger drops (Marshall & Palmer, 1948).
        diameter_mm = (0.6 + 3.4 * draws[:, 0] ** 2.5 * (0.5 + 0.8 * intensity)) * growth
        near = 0.7 / (0.5 + np.sqrt(draws[:, 1]))  # drops fall evenly over the ground around
        strength = 0.2 * surface.level * near * (diameter_mm / TYPICAL_MM) ** 1.3
        strength /= 1.0 + 0.5 * strength  # the fattest drop under one's nose must not stop the mix
        lower = (diameter_mm / TYPICAL_MM) ** -0.25
        pan = 2.0 * draws[:, 2] - 1.0
        self._bursts.add(
            onsets,
            centre_hz=surface.low_hz * (surface.high_hz / surface.low_hz) ** draws[:, 3] * lower,
            resonance=surface.resonance,
            decay=surface.decay * (0.7 + 0.6 * draws[:, 4]),
            amplitude=strength,
            pan=pan,
            key=draws[:, 5],
        )
        self._bursts.add(
            onsets,
            centre_hz=(2500.0 + 5000.0 * draws[:, 6]) * lower,
            resonance=0.8,
            decay=2600.0,
            amplitude=surface.tick * strength,
            pan=pan,
            key=draws[:, 7],
        )
        if self._sheet:
            self._sheet.sound(
                out,
                0.1 * out,  # the far drops fall on it too
                onsets,
                amplitude=strength,
                pan=pan,
                position=draws[:, 8],
                contact_s=0.00012 * diameter_mm,
            )

    def _bubble(self, start: int, rate_hz: float) -> None:
        """Let some drops drag air under water."""
        onsets, draws = self._bubbles.take(start, rate_hz)
        radius = bubbles.radius_m(draws[:, 1], 0.0004, 0.003, 2.5)
        decay = bubbles.decay(radius)
        self._grains.add(
            onsets,
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.13 * self._surface.bubbles * (radius / 0.002) ** 1.5 * (0.3 + draws[:, 3]),
            pan=2.0 * draws[:, 5] - 1.0,
            rise=np.where(draws[:, 2] > 0.4, 0.1 * decay, 0.0),
        )


class Eaves:
    """The edge of a roof: a few places that drip, each nearly like a clock, into a puddle of its own."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        hurry, pan, depth, phase = chance.uniforms(timeline.object_seed, SPOT_STREAM, 0, 4 * SPOTS).reshape(4, -1)
        paces_hz = 0.6 + 0.6 * hurry
        self._rates_hz = [timeline.rate_hz(pace) for pace in paces_hz]
        self._cycles = [timeline.cycles(pace) for pace in paces_hz]
        self._phase = phase
        self._pan, self._radius_m = 1.6 * pan - 0.8, 0.0013 + 0.0017 * depth

    def drip(self, start: int, amount: float, bursts: BurstBank, grains: GrainBank) -> None:
        """Start the drips of a quantum; `amount` 0..1 is how many of the places drip."""
        position = self._timeline.position(start)
        for spot in range(math.ceil(amount * SPOTS)):
            frames_each = SAMPLE_RATE / self._rates_hz[spot]
            number = math.floor((position + QUANTUM_FRAMES) / frames_each - self._phase[spot])
            cycles = self._cycles[spot]
            index = number % cycles if cycles else number + 1  # the hash takes no negative index
            draws = chance.uniforms(self._timeline.seed, DRIP_STREAM + spot, index, 4)
            onset = math.floor((number + self._phase[spot] + 0.3 * draws[0]) * frames_each) - position
            if 0 <= onset < QUANTUM_FRAMES:
                self._splash(onset, spot, min(amount * SPOTS - spot, 1.0), draws[1:], bursts, grains)

    def _splash(
        self, onset: int, spot: int, level: float, draws: Samples, bursts: BurstBank, grains: GrainBank
    ) -> None:
        """Let one large drop fall: the slap, and 8 to 18 ms later the bubble it leaves."""
        strength = level * (0.5 + 0.5 * draws[:1])
        pan = self._pan[spot : spot + 1]
        radius = self._radius_m[spot : spot + 1] * (0.85 + 0.3 * draws[1:2])
        bursts.add(
            np.array([onset]),
            centre_hz=np.full(1, 1800.0),
            resonance=0.6,
            decay=350.0,
            amplitude=0.25 * strength,
            pan=pan,
            key=draws[2:3],
        )
        grains.add(
            np.array([onset + round((0.008 + 0.01 * draws[0]) * SAMPLE_RATE)]),
            frequency_hz=bubbles.frequency_hz(radius),
            decay=bubbles.decay(radius),
            amplitude=0.3 * strength,
            pan=pan,
            rise=0.12 * bubbles.decay(radius),
        )


def _sheet(ringing: Ringing, object_seed: int) -> Sheet:
    """Return the one sheet that all drops ring: its modes are the object's."""
    place, damping, gain = chance.uniforms(object_seed, SHEET_STREAM, 0, 3 * ringing.modes).reshape(3, -1)
    share = (np.arange(ringing.modes) + place) / ringing.modes
    frequency = ringing.low_hz * (ringing.high_hz / ringing.low_hz) ** share
    decay = ringing.decay * (0.6 + 0.8 * damping) * np.sqrt(frequency / ringing.low_hz) ** 0.5
    return Sheet(Modes(frequency, decay, ringing.level * (0.4 + 0.6 * gain)))


RAIN = Effect(
    id="rain",
    title="Rain",
    description="Rain on one of eight surfaces, from drizzle to downpour.",
    ucs_cat_id="RAINConc",
    version=2,
    parameters=(
        Number("intensity", "How hard it rains: 0 single drops, 1 a downpour.", 0.0, 1.0, 0.5, live=True),
        Choice("surface", "What the rain falls on.", tuple(SURFACES), "concrete"),
        Number("drop_size", "Size of the drops: 0 fine and light, 1 fat and heavy.", 0.0, 1.0, 0.5, live=True),
        Number("wind", "How much gusts thicken and thin the rain.", 0.0, 1.0, 0.2, live=True),
        Number("eaves", "Large drips from a roof's edge.", 0.0, 1.0, 0.0, live=True),
    ),
    presets=(
        Preset("drizzle", "Single light drops on a pavement.", {"intensity": 0.12, "drop_size": 0.3}, "RAINConc"),
        Preset("downpour", "A roar of rain on a street.", {"intensity": 1.0, "drop_size": 0.6}, "RAINConc"),
        Preset(
            "tin_roof", "Rain drumming on corrugated iron.", {"surface": "metal", "intensity": 0.55}, "RAINMetl"
        ),
        Preset(
            "window", "Gusts against a pane.", {"surface": "glass", "intensity": 0.45, "wind": 0.5}, "RAINGlas"
        ),
        Preset(
            "forest_leaves",
            "Rain in a wood: patter on leaves, drips below.",
            {"surface": "leaves", "intensity": 0.5, "wind": 0.4, "eaves": 0.3},
            "RAINVege",
        ),
        Preset("on_lake", "Rain on open water.", {"surface": "water", "intensity": 0.5}, "RAINWatr"),
        Preset(
            "tent",
            "Under canvas.",
            {"surface": "cloth", "intensity": 0.5, "wind": 0.3, "brightness": -0.1},
            "RAINClth",
        ),
        Preset("wooden_deck", "Rain on planks.", {"surface": "wood", "intensity": 0.45}, "RAINWood"),
        Preset(
            "garden",
            "A soft shower on earth.",
            {"surface": "soil", "intensity": 0.35, "drop_size": 0.4},
            "RAINVege",
        ),
        Preset(
            "dripping_eaves",
            "After the shower: a roof's edge still drips.",
            {"intensity": 0.05, "drop_size": 0.3, "eaves": 1.0},
            "RAINConc",
        ),
        Preset(
            "storm", "Sheets of rain in a gale.", {"intensity": 0.8, "wind": 1.0, "drop_size": 0.6}, "RAINConc"
        ),
    ),
    endless=Endless(Rain, gain_db=-7.9, min_loop_s=2.0),
)
