"""A river or a stream: water that babbles over stones in several places, each with its own voice."""

import numpy as np

from swash_model.dsp import bubbles, chance
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glide
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, Preset, Values

SPOTS = 8  # places that babble: few enough to be told apart, enough to surround
SMALLEST_M = 0.0004  # the radius of the smallest bubble of the highest place: 7.5 kHz
SPREAD = 4.0  # how much larger the bubbles of the lowest place are

NOISE_STREAM, BUBBLE_STREAM = 1, 30
SPOT_STREAM, MOOD_STREAM, BABBLE_STREAM, CURRENT_STREAM, FOAM_STREAM = 50, 60, 70, 80, 84


class RiverStream:
    """A voice of running water."""

    def __init__(self, timeline: Timeline, values: Values) -> None:  # noqa: ARG002
        """Lay the bed of the river: where it babbles, and how low, is the object's."""
        place, pitch, share = chance.uniforms(timeline.object_seed, SPOT_STREAM, 0, 3 * SPOTS).reshape(3, -1)
        order = np.argsort(chance.uniforms(timeline.object_seed, SPOT_STREAM, 1, SPOTS))
        self._pan = 1.8 * (np.arange(SPOTS) + place) / SPOTS - 0.9
        self._lowness = (order + pitch) / SPOTS
        self._share = 0.5 + share
        self._moods = Drifts(timeline, MOOD_STREAM, 0.3, SPOTS)
        self._babble = Drifts(timeline, BABBLE_STREAM, 3.5, SPOTS)
        self._events = Events(timeline, BUBBLE_STREAM)
        self._grains = GrainBank()
        self._noise = Noise(timeline, NOISE_STREAM)
        self._current = Drifts(timeline, CURRENT_STREAM, 3.0, 2)
        self._bed = StateVariable("bandpass")
        self._foam = Drifts(timeline, FOAM_STREAM, 5.0, 2)
        self._rush = butterworth("bandpass", (2200.0, 9000.0), order=1)
        self._centre_hz = Glide()
        self._bed_level = (Glide(), Glide())
        self._rush_level = (Glide(), Glide())

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        flow, depth, rocks = values.number("flow"), values.number("depth"), values.number("rocks")
        white = self._noise.take(start)
        centre_hz = self._centre_hz.take(1100.0 * 0.3**depth, QUANTUM_FRAMES)
        out = self._bed.process(correlated(white, 0.4), centre_hz, 0.5)
        rush = self._rush.process(correlated(white[::-1], 0.2))
        current, foam = self._current.at(start), self._foam.at(start)
        for ear in range(2):
            bed = 0.004 + 0.25 * flow**1.8 * (1.0 + 0.4 * current[ear])
            out[ear] *= self._bed_level[ear].take(bed, QUANTUM_FRAMES)
            white_water = 0.15 * rocks * (0.15 + 0.85 * flow) * (1.0 + 0.5 * foam[ear])
            out[ear] += rush[ear] * self._rush_level[ear].take(white_water, QUANTUM_FRAMES)
        self._bubble(start, flow, depth)
        self._grains.sound(out)
        return out

    def _bubble(self, start: int, flow: float, depth: float) -> None:
        """Let each place babble by its mood: bursts of bubbles of its own sizes."""
        activity = self._share * np.exp(1.2 * self._moods.at(start) + 1.2 * self._babble.at(start))
        onsets, draws = self._events.take(start, (80.0 + 1100.0 * flow) * float(activity.mean()))
        spot = np.searchsorted(np.cumsum(activity) / activity.sum(), draws[:, 0])
        # Deep and fast water drags larger bubbles under, and deep water fewer small ones.
        smallest_m = SMALLEST_M * (0.75 + 0.5 * flow) * 2.0**depth * SPREAD ** self._lowness[spot]
        radius = bubbles.radius_m(draws[:, 1], smallest_m, 3.0 * smallest_m, 3.0 - 0.8 * depth)
        decay = bubbles.decay(radius)
        near_surface = draws[:, 2] < 0.4  # there the pitch of a bubble climbs
        self._grains.add(
            onsets,
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.16
            * 0.7**depth
            * (radius / 0.002) ** 1.5
            * (smallest_m / 0.001) ** -0.8
            * draws[:, 3] ** 1.5,
            pan=np.clip(self._pan[spot] + 0.2 * (draws[:, 4] - 0.5), -1.0, 1.0),
            rise=np.where(near_surface, 0.1 * decay, 0.0),
            attack_s=0.0006,
        )


RIVER_STREAM = Effect(
    id="river_stream",
    title="River and stream",
    description="Running water, from a trickle to rapids.",
    ucs_cat_id="WATRFlow",
    version=1,
    parameters=(
        Number("flow", "How much water runs: 0 a trickle, 1 rapids.", 0.0, 1.0, 0.5, live=True),
        Number("depth", "How deep it is: 0 bright over pebbles, 1 low and rolling.", 0.0, 1.0, 0.4, live=True),
        Number("rocks", "How much it breaks over rocks: white water.", 0.0, 1.0, 0.3, live=True),
    ),
    presets=(
        Preset("babbling_brook", "A brook over pebbles.", {"flow": 0.3, "depth": 0.3, "rocks": 0.1}, "WATRFlow"),
        Preset("mountain_stream", "Quick and bright.", {"flow": 0.6, "depth": 0.25, "rocks": 0.6}, "WATRFlow"),
        Preset("wide_river", "Slow and deep.", {"flow": 0.7, "depth": 0.9, "rocks": 0.05}, "WATRFlow"),
        Preset("rapids", "White water.", {"flow": 1.0, "depth": 0.6, "rocks": 1.0}, "WATRFlow"),
        Preset("trickle", "A thread of water.", {"flow": 0.02, "depth": 0.2, "rocks": 0.0}, "WATRFlow"),
        Preset("forest_creek", "A creek in the shade.", {"flow": 0.4, "depth": 0.55, "rocks": 0.2}, "WATRFlow"),
    ),
    endless=Endless(RiverStream, gain_db=-6.3, min_loop_s=4.0),
)
