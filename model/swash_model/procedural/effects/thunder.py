"""Thunder: one strike that cracks, claps and rolls away, or a storm of them."""

from collections.abc import Iterator

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Events
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._strike import Strike

PIECE_FRAMES = 10 * QUANTUM_FRAMES  # of a strike at a time: heard at once, and at home in the processor's cache
LONGEST_S = 15.0
VARIETY = 5.0  # times as far as the nearest strike of a storm is the farthest
FIRST_QUANTA = 100  # within which a storm's first strike comes

STRIKE_STREAM, DUE_STREAM = 41, 42


def strike(timeline: Timeline, values: Values) -> Iterator[Samples]:
    """Yield one strike in pieces, shape (2, frames)."""
    duration_s = values.number("duration_s")
    struck = Strike(
        timeline.seed,
        distance_km=values.number("distance_km"),
        power=values.number("power"),
        duration_s=duration_s,
        crack=values.number("crack"),
    )
    while not struck.over:
        yield struck.take(PIECE_FRAMES)


class Storm:
    """A voice of strikes that come by chance, each from its own distance."""

    def __init__(self, timeline: Timeline, _values: Values) -> None:
        self._timeline = timeline
        self._events = Events(timeline, DUE_STREAM)
        self._first_quantum = int(FIRST_QUANTA * chance.uniform(timeline.seed, STRIKE_STREAM, 0))
        self._strikes: list[Strike] = []
        self._begun = False

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        if not self._begun:
            self._begin(start, values)
        if self._due(start, values):
            self._strikes.append(self._strike(start, values))
        out = np.zeros((2, QUANTUM_FRAMES))
        for struck in self._strikes:
            out += struck.take(QUANTUM_FRAMES)
        self._strikes = [struck for struck in self._strikes if not struck.over]
        return out

    def _begin(self, start: int, values: Values) -> None:
        """Let the strikes of the turn before ring into a loop; an endless storm has none."""
        self._begun = True
        if self._timeline.loop_frames is None:
            return
        for quanta in range(round(1.25 * LONGEST_S / QUANTUM_S), 0, -1):
            frames = quanta * QUANTUM_FRAMES
            if self._due(start - frames, values):
                struck = self._strike(start - frames, values)
                struck.take(frames)
                if not struck.over:
                    self._strikes.append(struck)

    def _due(self, start: int, values: Values) -> bool:
        """Return whether a strike begins in this quantum: one does early, so that nobody waits for the storm."""
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        onsets, _ = self._events.take(start, values.number("strikes_per_min") / 60.0)
        return quantum == self._first_quantum or len(onsets) > 0

    def _strike(self, start: int, values: Values) -> Strike:
        """Return the strike of this quantum: nearer or farther, longer or shorter than the storm at large."""
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        draw = chance.uniforms(self._timeline.seed, STRIKE_STREAM, quantum + 1, 4)
        return Strike(
            int(draw[0] * 2.0**32),
            distance_km=min(15.0, max(0.1, values.number("distance_km") * VARIETY ** (draw[1] - 0.5))),
            power=values.number("power") * (0.6 + 0.4 * draw[2]),
            duration_s=values.number("duration_s") * (0.75 + 0.5 * draw[3]),
            crack=values.number("crack"),
        )


THUNDER = Effect(
    id="thunder",
    title="Thunder",
    description="A strike of lightning heard from near or far, or a storm of them.",
    ucs_cat_id="THUN",
    version=2,
    parameters=(
        Number(
            "distance_km",
            "How far the lightning strikes: below 1 it cracks, from 5 it only rumbles; for a storm its middle.",
            0.1,
            15.0,
            1.2,
            "km",
            curve="logarithmic",
            live=True,
        ),
        Number("power", "Energy of the strike: louder and deeper.", 0.0, 1.0, 0.6, live=True),
        Number("duration_s", "How long a strike is heard until it has rolled away.", 3.0, LONGEST_S, 9.0, "s"),
        Number("crack", "How sharply a strike nearer than 1 km tears the air.", 0.0, 1.0, 0.7, live=True),
        Number(
            "strikes_per_min",
            "How many strikes a minute a storm has.",
            1.0,
            6.0,
            3.0,
            curve="logarithmic",
            live=True,
        ),
    ),
    presets=(
        Preset(
            "close_crack",
            "A strike a few houses away: it tears, cracks and booms.",
            {"distance_km": 0.15, "crack": 1.0, "power": 0.7, "duration_s": 7.0, "gain_db": -1.5},
            "THUN",
        ),
        Preset(
            "overhead_clap",
            "A heavy clap right above, with a long echo.",
            {"distance_km": 0.5, "crack": 0.4, "power": 1.0, "duration_s": 10.0, "gain_db": -1.5},
            "THUN",
        ),
        Preset("rolling", "Clap after clap, rolling away.", {"distance_km": 3.0, "duration_s": 13.0}, "THUN"),
        Preset("short_clap", "A single dry clap.", {"distance_km": 0.8, "power": 0.4, "duration_s": 3.5}, "THUN"),
        Preset(
            "distant_rumble",
            "A low rumble from behind the hills.",
            {"distance_km": 9.0, "duration_s": 11.0},
            "THUN",
        ),
        Preset(
            "far_horizon",
            "Barely there: the storm of another valley.",
            {"distance_km": 15.0, "power": 0.35, "duration_s": 8.0},
            "THUN",
        ),
        Preset(
            "storm",
            "A storm overhead, a strike every ten seconds or so.",
            {"distance_km": 1.5, "strikes_per_min": 6.0, "power": 0.8, "duration_s": 10.0},
            "STORM",
        ),
        Preset(
            "distant_storm",
            "A storm that stays away, grumbling.",
            {"distance_km": 7.0, "strikes_per_min": 4.0, "duration_s": 12.0},
            "STORM",
        ),
    ),
    one_shot=OneShot(strike, gain_db=-16.9),
    endless=Endless(Storm, gain_db=-17.0, min_loop_s=4.0),
)
