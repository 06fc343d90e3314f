"""Ocean waves: breakers that rise, break, wash up the beach and draw back in foam."""

import math

import numpy as np

from swash_model.dsp import bubbles, chance
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.envelopes import Glide
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, Preset, Values

PLACES = 3  # a wave breaks at three places, nowhere at the same moment
LEAN = np.array([-0.5, 0.5, 0.0])  # where those are, -1 left to 1 right
BREAK_GAIN = np.stack([1.0 - np.maximum(LEAN, 0.0), 1.0 + np.minimum(LEAN, 0.0)], axis=1)[:, :, None]
BREAK_RISE_S = 0.35  # a crest topples in a third of a second
EDGES = np.array([[5.3], [12.1]])  # partials of a rock that knocks against rock, over its thud
CLICK = np.array([[1.0], [1.63]])  # and of a pebble
RAMP = np.arange(QUANTUM_FRAMES) / QUANTUM_FRAMES  # envelopes are straight lines within 10 ms

FIRST_BREAK_S = 1.5  # nobody waits for the first wave
PUNCTUAL = 0.15  # of the others' jitter: it comes when it is said to

WAVE_STREAM = 60
NOISE_STREAM, FOAM_STREAM, ROCK_STREAM, PEBBLE_STREAM = 1, 30, 31, 32


class OceanWaves:
    """A voice of surf on a shore."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start a shore; `period_s` is latched here, so that waves keep their times."""
        self._timeline = timeline
        self._period_s = values.number("period_s")
        self._waves: int | None = None
        if timeline.loop_frames:
            self._waves = max(1, round(timeline.loop_frames / SAMPLE_RATE / self._period_s))
            self._period_s = timeline.loop_frames / SAMPLE_RATE / self._waves
        self._noise = Noise(timeline, NOISE_STREAM)
        self._wash_noise = Noise(timeline, NOISE_STREAM + 1)
        self._pink = Pink()
        self._above_rumble = butterworth("highpass", 55.0)
        self._far = butterworth("bandpass", (200.0, 1500.0), order=1)
        self._swell = butterworth("bandpass", (45.0, 260.0), order=1)
        self._break = [StateVariable("lowpass") for _ in range(PLACES)]
        self._fizz = butterworth("bandpass", (3500.0, 9000.0), order=1)
        self._wash = [StateVariable("bandpass") for _ in range(PLACES)]
        self._foam = Events(timeline, FOAM_STREAM)
        self._drips = Events(timeline, ROCK_STREAM)
        self._pebbles = Events(timeline, PEBBLE_STREAM)
        self._grains = GrainBank()
        self._foaming = Glide()
        self._level = Glide()
        self._shapes: Samples | None = None
        self._first: int | None = None  # of the waves whose times and strengths are at hand
        self._breaks_s = self._strength = np.empty((PLACES, 0))

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        size, foam, rocks = values.number("size"), values.number("foam"), values.number("rocks")
        white = self._noise.take(start)
        wash_noise = correlated(self._wash_noise.take(start), 0.35)
        swell, crest, wash, backwash = self._envelopes(start)

        out = self._far.process(correlated(white, 0.3)) * 0.065
        out += self._swell.process(correlated(white, 0.9)) * (0.22 * size * swell.sum(axis=0))
        self._break_on(out, correlated(white, 0.7), size, 1.1 * crest + 0.03 * swell, crest)
        self._wash_up(out, wash_noise, wash)
        drawing_back = backwash.sum(axis=0)
        out += self._fizz.process(wash_noise) * (self._foaming.take(0.07 * foam, QUANTUM_FRAMES) * drawing_back)
        self._bubble(start, 900.0 * size * float(drawing_back.mean()) * (0.1 + 1.2 * foam))
        if rocks > 0.0:
            self._drip(start, 120.0 * rocks * float(drawing_back.mean()), rocks)
            # Once the water runs back faster than it comes up it takes the pebbles along.
            pull = float(np.maximum(backwash[:, -1] - wash[:, -1], 0.0).sum())
            self._rattle(start, 4000.0 * math.sqrt(rocks) * pull * min(pull / 0.3, 1.0))
        self._grains.sound(out)
        # A wave of 4 m is 12 dB louder than one of 20 cm: energy goes with height squared.
        return out * self._level.take(0.35 * (0.3 + size), QUANTUM_FRAMES)

    def _break_on(self, out: Samples, white: Samples, size: float, level: Samples, crest: Samples) -> None:
        """Add the breakers to `out`: the higher the crest the brighter."""
        pink = self._above_rumble.process(self._pink.process(white))
        cutoff_hz = 550.0 + 2700.0 * np.minimum(crest, 1.2) * (0.5 + 0.5 * size)
        for place in range(PLACES):
            body = self._break[place].process(pink, cutoff_hz[place], 0.6)
            out += body * (BREAK_GAIN[place] * level[place])

    def _wash_up(self, out: Samples, white: Samples, wash: Samples) -> None:
        """Add the water that runs up the beach, and along it: across the picture, from where it broke."""
        share = np.minimum(wash, 1.0)
        centre_hz = 400.0 + 1900.0 * share
        drift = 0.4 * LEAN[:, None] * (1.0 - 1.6 * share)
        level = np.stack([1.0 - drift, 1.0 + drift], axis=1) * (0.75 * wash[:, None])
        for place in range(PLACES):
            out += self._wash[place].process(white, centre_hz[place], 0.7) * level[place]

    def _envelopes(self, start: int) -> Samples:
        """Return swell, crest, wash and backwash of each place over the quantum, shape (4, PLACES, frames)."""
        position = self._timeline.position(start)
        if self._shapes is None:
            self._shapes = self._shapes_at(position / SAMPLE_RATE)
        before, self._shapes = self._shapes, self._shapes_at((position + QUANTUM_FRAMES) / SAMPLE_RATE)
        return np.asarray(before[..., None] + (self._shapes - before)[..., None] * RAMP)

    def _shapes_at(self, t: float) -> Samples:
        """Return the four envelopes of each place at a moment, shape (4, PLACES)."""
        period_s = self._period_s
        first = math.floor(t / period_s) - 3
        if first != self._first:
            self._first = first
            waves = [[self._wave(place, wave) for wave in range(first, first + 6)] for place in range(PLACES)]
            self._breaks_s, self._strength = np.moveaxis(np.array(waves), 2, 0)
        breaks_s, strength = self._breaks_s, self._strength
        after = t - breaks_s
        ahead, past = np.minimum(after, 0.0), np.maximum(after, 0.0)
        since_wash = np.maximum(after - 0.05 * period_s, 0.0)
        swell = strength * np.exp(ahead / (0.16 * period_s) - past / (0.10 * period_s))
        crest = strength**2 * np.exp(ahead / BREAK_RISE_S - past / (0.12 * period_s))
        rising = 1.0 - np.exp(-since_wash / (0.06 * period_s))
        wash = strength * rising * np.exp(-since_wash / (0.22 * period_s))
        backwash = strength * (1.0 - np.exp(-past / 0.6)) * np.exp(-past / (0.35 * period_s))
        return np.asarray(np.stack([swell, crest, wash, backwash]).sum(axis=2))

    def _wave(self, place: int, wave: int) -> tuple[float, float]:
        """Return when a wave breaks at one of the places, s, and its strength 0.45..1."""
        seed = self._timeline.seed
        number = wave % self._waves if self._waves else wave + 8  # the hash takes no negative index
        late, height = chance.uniforms(seed, WAVE_STREAM, number, 2)
        later, share = chance.uniforms(seed, WAVE_STREAM + 1 + place, number, 2)
        jitter = 0.2 * (late - 0.5) + 0.3 * (later - 0.5)
        if wave == 0 or number == 0:
            jitter *= PUNCTUAL
        breaks_s = (wave + jitter) * self._period_s + FIRST_BREAK_S
        return breaks_s, (0.7 + 0.3 * height) * (0.65 + 0.35 * share)

    def _bubble(self, start: int, rate_hz: float) -> None:
        """Let foam burst: small bubbles, most of them near the surface."""
        onsets, draws = self._foam.take(start, rate_hz)
        radius = bubbles.radius_m(draws[:, 1], 0.0003, 0.0022, 2.0)
        decay = bubbles.decay(radius)
        self._grains.add(
            onsets,
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.2 * (radius / 0.001) ** 1.2 * draws[:, 3],
            pan=1.6 * draws[:, 5] - 0.8,
            rise=np.where(draws[:, 2] > 0.5, 0.1 * decay, 0.0),
        )

    def _drip(self, start: int, rate_hz: float, heavy: float) -> None:
        """Let water fall back between rocks: larger bubbles, and stones that knock, low and with an edge."""
        onsets, draws = self._drips.take(start, rate_hz)
        knock = draws[:, 0] > 0.85
        frequency = np.where(knock, 60.0 + 60.0 * draws[:, 1], 500.0 * 5.0 ** draws[:, 1])
        if len(stones := np.flatnonzero(knock)):
            # Without an edge a stone is a drum.
            self._grains.add(
                np.tile(onsets[stones], 2),
                frequency_hz=(EDGES * frequency[stones]).ravel(),
                decay=(30.0 * EDGES * (0.7 + 0.6 * draws[stones, 2])).ravel(),
                amplitude=np.tile(0.3 * heavy * draws[stones, 3], 2),
                pan=np.tile(1.2 * draws[stones, 5] - 0.6, 2),
            )
        self._grains.add(
            onsets,
            frequency_hz=frequency,
            decay=np.where(knock, 25.0, 90.0 + 200.0 * draws[:, 2]),
            amplitude=np.where(knock, 0.8 * heavy, 0.3) * draws[:, 3],
            pan=1.2 * draws[:, 5] - 0.6,
            attack_s=np.where(knock, 0.004, 0.0006),
        )

    def _rattle(self, start: int, rate_hz: float) -> None:
        """Let pebbles roll down with the water and click against each other: the large ones lower and louder."""
        onsets, draws = self._pebbles.take(start, rate_hz)
        if not len(onsets):
            return
        large = draws[:, 0] ** 2
        frequency = (6500.0 - 4700.0 * large) * (0.8 + 0.4 * draws[:, 1])
        strength = (0.15 + 0.9 * large) * draws[:, 2] ** 2
        partials, pan = CLICK * frequency, 1.8 * draws[:, 4] - 0.9
        self._grains.add(
            np.concatenate([onsets, onsets]),
            frequency_hz=partials.ravel(),
            decay=(partials * (0.15 + 0.3 * draws[:, 3])).ravel(),  # wet stones in a heap hardly ring
            amplitude=np.concatenate([strength, 0.6 * strength]),
            pan=np.concatenate([pan, pan]),
            phase=2.0 * np.pi * draws[:, 5:7].T.ravel(),
            attack_s=0.0001,
        )


OCEAN_WAVES = Effect(
    id="ocean_waves",
    title="Ocean waves",
    description="Surf on a shore: breakers, wash and foam.",
    ucs_cat_id="WATRSurf",
    version=4,
    parameters=(
        Number("size", "Height of the waves, 0.2 to 4 m.", 0.1, 1.0, 0.6, live=True),
        Number("period_s", "Time between waves: 5 is choppy, 14 a long swell.", 5.0, 16.0, 9.0, "s"),
        Number("foam", "How much the backwash bubbles and hisses.", 0.0, 1.0, 0.5, live=True),
        Number(
            "rocks",
            "How stony the shore is: pebbles that rattle in the backwash, knocks and dripping.",
            0.0,
            1.0,
            0.0,
            live=True,
        ),
    ),
    presets=(
        Preset("gentle_shore", "Small waves on sand.", {"size": 0.25, "period_s": 7.0}, "WATRLap"),
        Preset(
            "pebble_beach",
            "Waves that draw back over pebbles.",
            {"size": 0.5, "foam": 0.9, "rocks": 0.5},
            "WATRSurf",
        ),
        Preset(
            "storm_surf", "High breakers, close together.", {"size": 1.0, "period_s": 6.5, "foam": 0.8}, "WATRSurf"
        ),
        Preset("long_swell", "A slow ocean swell.", {"size": 0.7, "period_s": 14.0}, "WATRSurf"),
        Preset("rocky_coast", "Waves against rocks.", {"size": 0.8, "rocks": 1.0, "foam": 0.6}, "WATRSurf"),
        Preset("distant_surf", "The sea from behind the dunes.", {"size": 0.7, "distance_m": 90.0}, "WATRSurf"),
    ),
    endless=Endless(OceanWaves, gain_db=-9.7, min_loop_s=5.0),
)
