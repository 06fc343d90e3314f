"""Magic: a spell that gathers and is let go, one that strikes, or an aura that shimmers on."""

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides, decay, fade_out
from swash_model.dsp.filters import Sections, StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.oscillators import saws
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._notes import KEYS, add_notes, tonic_hz
from swash_model.procedural.effects._spell_elements import (
    ELEMENTS,
    Element,
    add_crackles,
    bells_hz,
    voices_hz,
    vowel,
)

TAIL_S = 0.6
GATHERED = 0.6  # a spell is let go so far into its duration
STRUCK_S = 0.004
RINGS_OUT, END_S = 4.5, 0.25  # a fall is over after so many time constants, 39 dB down, and fades to nothing
CONTROL_FRAMES = 16  # of a single spell: bands and levels move every 0.3 ms
RUSH_LEVEL, PAD_LEVEL, BELL_LEVEL, BOOM_LEVEL, CRACKLE_LEVEL = 0.5, 0.5, 0.17, 0.85, 2.0
SIDES = np.array([-1.0, 1.0])
STRAY_TURNS = 1.5  # singers do not hold a pitch: they stray by so many periods and come back

AIR_STREAM, THUD_STREAM, BELL_STREAM, CRACKLE_STREAM = 1, 2, 10, 11
DRIFT_STREAM, STRAY_STREAM, SWELL_STREAM, CHANCE_STREAM = 20, 40, 55, 70


def cast(timeline: Timeline, values: Values) -> Samples:
    """Return one spell, shape (2, frames)."""
    element = ELEMENTS[values.choice("element")]
    duration_s = values.number("duration_s")
    peak_s = STRUCK_S if values.choice("form") == "impact" else GATHERED * duration_s
    fall_s = 0.1 + 0.13 * duration_s
    frames = round((peak_s + 1.1 * RINGS_OUT * fall_s + TAIL_S) * SAMPLE_RATE)
    out = np.zeros((2, frames))
    _rush(out, timeline, element, peak_s, fall_s, values)
    if (choir := values.number("choir")) > 0.0:
        _sung(out, timeline, values, element, peak_s, 1.1 * fall_s, choir)
    _boom(out, timeline, element, peak_s, values.number("power"))
    _ring(out, timeline, values, element, peak_s, fall_s)
    if element.crackle:
        _crackle(out, timeline, element, peak_s, fall_s, values.number("power"))
    return fade_out(out * _strength(values, element), 0.3)


def _strength(values: Values, element: Element) -> float:
    """Return the level that power gives: the strongest is 12 dB over the weakest."""
    return float(10.0 ** (0.6 * (values.number("power") - 0.5) + element.level_db / 20.0))


def _swell(t: Samples, peak_s: float, fall_s: float, steep: float) -> Samples:
    """Return a level that grows until the peak, from a whisper, and dies away after it."""
    grown = 0.03 + 0.97 * np.minimum(t / peak_s, 1.0) ** steep
    return np.asarray(grown * np.exp(-np.maximum(t - peak_s, 0.0) / fall_s))


def _rush(
    out: Samples, timeline: Timeline, element: Element, peak_s: float, fall_s: float, values: Values
) -> None:
    """Add the air that is drawn in, higher and higher, and what bursts out of it."""
    points = round((peak_s + RINGS_OUT * fall_s) * SAMPLE_RATE) // CONTROL_FRAMES
    frames = points * CONTROL_FRAMES
    t = np.asarray(np.arange(points) * (CONTROL_FRAMES / SAMPLE_RATE), float)
    power, level = values.number("power"), RUSH_LEVEL * element.rush * (0.25 + 1.5 * values.number("rush"))
    noise = correlated(Noise(timeline, AIR_STREAM).take(0, frames), 0.35)
    low_hz, high_hz = element.air_hz
    after_s = np.maximum(t - peak_s, 0.0)
    way = np.minimum(t / peak_s, 1.0) ** 1.3 * np.exp(-after_s / (2.0 * fall_s))
    if element.rise < 0.0:
        way = 1.0 - 0.9 * way  # the dark swallows what is high
    # It comes in gusts, the quicker the further it has come.
    pace_hz = 5.0 + 4.0 * chance.uniform(timeline.seed, CHANCE_STREAM, 0)
    gusts = 1.0 - 0.35 * np.cos(2.0 * np.pi * pace_hz * t * (0.7 + 0.5 * t / peak_s)) * (t < peak_s)
    swell = level * _swell(t, peak_s, fall_s, 1.5) * gusts * np.minimum((t[-1] - t) / END_S, 1.0)
    middle_hz = low_hz * (high_hz / low_hz) ** way
    # The wider a band of noise, the louder: it is brought back to one level.
    gain = np.repeat(swell * (600.0 / middle_hz) ** 0.3, CONTROL_FRAMES)
    cutoff_hz = np.repeat(middle_hz, CONTROL_FRAMES)
    out[:, :frames] += StateVariable("bandpass").process(noise * gain, cutoff_hz, element.air_q)
    first, burst_s = round(peak_s * SAMPLE_RATE), 0.03 + 0.09 * power
    burst = noise[:, first : first + round(RINGS_OUT * burst_s * SAMPLE_RATE)]
    dull = butterworth("lowpass", min(1.5 * high_hz, 12_000.0), order=1)
    burst = dull.process(burst * decay(burst.shape[1], burst_s))
    out[:, first : first + burst.shape[1]] += 0.75 * level * (0.3 + power) * burst


def _sung(
    out: Samples,
    timeline: Timeline,
    values: Values,
    element: Element,
    peak_s: float,
    fall_s: float,
    choir: float,
) -> None:
    """Add voices that swell with the spell."""
    steps = round((peak_s + RINGS_OUT * fall_s) * SAMPLE_RATE) // QUANTUM_FRAMES
    t = np.arange(steps + 1.0)[:, None] * (QUANTUM_FRAMES / SAMPLE_RATE)
    hz, gain = voices_hz(element, tonic_hz(values.choice("key"), element.pad_hz), timeline.object_seed)
    first, pace, shake = chance.uniforms(timeline.seed, CHANCE_STREAM, 1, 3 * len(hz)).reshape(3, -1)
    rate_hz = 4.6 + 1.4 * pace
    # A vibrato that each singer finds for themselves: 7 to 14 cents.
    deviation_hz = hz * (0.004 + 0.004 * shake)
    turns = first + hz * t + deviation_hz / (2.0 * np.pi * rate_hz) * np.sin(2.0 * np.pi * (rate_hz * t + pace))
    level = PAD_LEVEL * element.pad * (0.3 + 1.2 * choir) * _swell(t[:, 0], max(peak_s, 0.03), fall_s, 1.2)
    level *= np.minimum((t[-1, 0] - t[:, 0]) / END_S, 1.0)
    frames = steps * QUANTUM_FRAMES
    voices = np.concatenate(
        [
            saws(turns[step], turns[step + 1], gain * level[step], gain * level[step + 1])
            for step in range(min(steps, out.shape[1] // QUANTUM_FRAMES))
        ],
        axis=1,
    )
    if element.ring_mod_hz:
        t = np.arange(frames) / SAMPLE_RATE
        voices *= 0.6 + 0.4 * np.cos(2.0 * np.pi * element.ring_mod_hz * t * (1.0 + 0.15 * t))
    out[:, :frames] += Sections(vowel(element)).process(voices)


def _boom(out: Samples, timeline: Timeline, element: Element, peak_s: float, power: float) -> None:
    """Add the blow of letting it go: a low tone that falls, and the thud of what it meets."""
    first = round(peak_s * SAMPLE_RATE)
    frames = min(out.shape[1] - first, round(0.85 * SAMPLE_RATE))
    t = np.arange(frames) / SAMPLE_RATE
    stray = 1.0 + 0.1 * (chance.uniform(timeline.seed, CHANCE_STREAM, 2) - 0.5)
    turns = element.boom_hz * stray * (t + 1.6 * 0.05 * (1.0 - np.exp(-t / 0.05)) - 0.12 * t * t)
    level = np.exp(-t / 0.14) * np.minimum(t / 0.003, 1.0)
    tone = np.tanh(1.8 * level * np.sin(2.0 * np.pi * turns))
    noise = Noise(timeline, THUD_STREAM).take(0, frames // 2) * decay(frames // 2, 0.05 + 0.04 * power)
    thud = butterworth("bandpass", (0.7 * element.boom_hz, 4.0 * element.boom_hz), order=1).process(noise)
    strength = BOOM_LEVEL * element.boom * power**2
    out[:, first : first + frames] += strength * fade_out(0.6 * tone[None], 0.4)
    out[:, first : first + frames // 2] += strength * fade_out(2.2 * thud, 0.1)


def _ring(
    out: Samples, timeline: Timeline, values: Values, element: Element, peak_s: float, fall_s: float
) -> None:
    """Add bells that gather, climb and scatter, and the chord that is struck at the peak."""
    shimmer = values.number("shimmer")
    tonic = tonic_hz(values.choice("key"), element.bells_hz)
    count = round(8.0 + 56.0 * shimmer)
    draws = chance.uniforms(timeline.seed, BELL_STREAM, 0, 5 * count).reshape(5, count)
    before = (draws[0] < 0.45) & (peak_s > STRUCK_S)
    at_s = np.where(before, peak_s * draws[1] ** 0.6, peak_s - 2.2 * fall_s * np.log(1.0 - 0.98 * draws[1]))
    # While it gathers they climb the scale; afterwards they fall anywhere.
    climbed = np.clip(0.5 + element.rise * (at_s / peak_s - 0.5), 0.0, 0.999)
    hz = bells_hz(element, tonic, np.where(before, 0.4 * draws[2] + 0.6 * climbed, draws[2]))
    faded = np.where(before, 0.25 + 0.75 * (at_s / peak_s), np.exp(-(at_s - peak_s) / (3.0 * fall_s)))
    level = BELL_LEVEL * element.bells * (0.5 + 0.6 * shimmer) * faded * (0.25 + 0.75 * draws[3] ** 2)
    grains = GrainBank()
    add_notes(
        grains,
        element.bell,
        at_s=at_s,
        frequency_hz=hz,
        level=level,
        pan=1.7 * draws[4] - 0.85,
        ring=0.25 + 0.5 * draws[3] ** 3,
    )
    # Never strummed alike.
    strummed_s = 0.02 * chance.uniforms(timeline.seed, CHANCE_STREAM, 3, len(element.chord))
    chord, struck = (
        np.array(element.chord),
        2.0 * BELL_LEVEL * element.bells * (0.5 + 0.5 * values.number("power")),
    )
    add_notes(
        grains,
        element.bell,
        at_s=peak_s + 0.004 * np.arange(len(chord)) + strummed_s,
        frequency_hz=tonic * 2.0 ** (chord / 12.0),
        level=struck * 0.85 ** np.arange(float(len(chord))),
        pan=np.linspace(-0.5, 0.5, len(chord)),
        ring=1.1,
    )
    grains.sound(out)


def _crackle(
    out: Samples, timeline: Timeline, element: Element, peak_s: float, fall_s: float, power: float
) -> None:
    """Add the embers or splinters that fly off."""
    count = round(30.0 + 120.0 * power * element.crackle)
    draws = chance.uniforms(timeline.seed, CRACKLE_STREAM, 0, 6 * count).reshape(count, 6)
    before = (draws[:, 4] < 0.3) & (peak_s > STRUCK_S)
    scattered_s = -1.6 * fall_s * np.log(1.0 - 0.98 * draws[:, 5])
    at_s = np.where(before, peak_s * draws[:, 5] ** 0.5, peak_s + scattered_s)
    level = (
        CRACKLE_LEVEL * element.crackle * np.where(before, at_s / peak_s, np.exp(-scattered_s / (2.5 * fall_s)))
    )
    bursts = BurstBank()
    add_crackles(bursts, (at_s * SAMPLE_RATE).astype(np.int64), draws[:, :4], level * (0.3 + 0.7 * power))
    bursts.sound(out)


class Aura:
    """A voice of magic that goes on: air that wanders, voices that hover, bells that fall."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Light an aura; its `element` and `key` are latched here."""
        element = ELEMENTS[values.choice("element")]
        self._element = element
        self._noise = Noise(timeline, AIR_STREAM)
        self._rush = StateVariable("bandpass")
        self._drifts = Drifts(timeline, DRIFT_STREAM, 0.45, 5)
        self._tonic_hz = tonic_hz(values.choice("key"), element.bells_hz)
        pad_hz = tonic_hz(values.choice("key"), element.pad_hz)
        self._voices_hz, self._gain = voices_hz(element, pad_hz, timeline.object_seed)
        self._turns = Turns(timeline, chance.uniforms(timeline.seed, CHANCE_STREAM, 1, len(self._voices_hz)))
        self._stray = Drifts(timeline, STRAY_STREAM, 0.9, len(self._voices_hz))
        self._swells = Drifts(timeline, SWELL_STREAM, 0.23, len(self._voices_hz))
        self._sung_gain = 0.0 * self._gain
        self._throat = Sections(vowel(element))
        self._mod = Turns(timeline, np.zeros(1))
        self._bells, self._grains = Events(timeline, BELL_STREAM), GrainBank()
        self._embers, self._bursts = Events(timeline, CRACKLE_STREAM), BurstBank()
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        element = self._element
        drifts = self._drifts.at(start + QUANTUM_FRAMES)
        low_hz, high_hz = element.air_hz
        air_hz = low_hz * (high_hz / low_hz) ** (0.5 + 0.32 * drifts[:2])
        rush = RUSH_LEVEL * element.rush * values.number("rush") * (600.0 / air_hz) ** 0.3
        choir = 0.6 * PAD_LEVEL * element.pad * values.number("choir")
        air_hz, rush, choir, level = self._lines.take(
            np.stack(
                [
                    air_hz,
                    rush * (0.7 + 0.35 * drifts[2] + 0.15 * drifts[3] * SIDES),
                    np.full(2, choir * (0.8 + 0.3 * drifts[4])),
                    np.full(2, _strength(values, element)),
                ]
            ),
            QUANTUM_FRAMES,
        )
        noise = correlated(self._noise.take(start), 0.35)
        out = self._rush.process(noise, air_hz, element.air_q) * rush
        out += self._sung(start) * choir
        self._ring(start, values)
        self._grains.sound(out)
        if element.crackle:
            rate_hz = 28.0 * element.crackle * (0.3 + values.number("power"))
            onsets, draws = self._embers.take(start, rate_hz)
            add_crackles(self._bursts, onsets, draws[:, :4], 0.16 * CRACKLE_LEVEL * element.crackle)
            self._bursts.sound(out)
        return np.asarray(out * level)

    def _sung(self, start: int) -> Samples:
        before, after = self._stray.at(start), self._stray.at(start + QUANTUM_FRAMES)
        turning = self._turns.step(start, self._voices_hz).shifted(STRAY_TURNS * before, STRAY_TURNS * after)
        # Each singer comes and goes, so that the chord is never the same twice.
        gain = self._gain * (0.55 + 0.55 * self._swells.at(start + QUANTUM_FRAMES))
        voices = saws(turning.begin, turning.end, self._sung_gain, gain)
        self._sung_gain = gain
        if self._element.ring_mod_hz:
            mod = self._mod.step(start, np.array([self._element.ring_mod_hz])).frames(QUANTUM_FRAMES)[0]
            voices *= 0.6 + 0.4 * np.cos(2.0 * np.pi * mod)
        return self._throat.process(voices)

    def _ring(self, start: int, values: Values) -> None:
        """Let bells fall, the more the more it shimmers, in flurries."""
        element, shimmer = self._element, values.number("shimmer")
        onsets, draws = self._bells.take(start, 36.0 * shimmer**1.3 * (0.55 + 0.45 * self._drifts.at(start)[2]))
        if not len(onsets):
            return
        add_notes(
            self._grains,
            element.bell,
            at_s=onsets / SAMPLE_RATE,
            frequency_hz=bells_hz(element, self._tonic_hz, draws[:, 0]) * np.where(draws[:, 4] > 0.8, 2.0, 1.0),
            level=2.0 * BELL_LEVEL * element.bells * (0.12 + 0.88 * draws[:, 1] ** 2.5),
            pan=1.7 * draws[:, 2] - 0.85,
            ring=0.3 + 0.6 * draws[:, 3] ** 2,
        )


MAGIC_SPELL = Effect(
    id="magic_spell",
    title="Magic spell",
    description="Magic that is cast, that strikes, or that shimmers on: arcane, of fire, of ice, holy or dark.",
    ucs_cat_id="MAGSpel",
    version=1,
    parameters=(
        Choice("element", "What the magic is made of.", tuple(ELEMENTS), "neutral"),
        Choice("form", "As a single sound: gathered and let go, or a strike.", ("cast", "impact"), "cast"),
        Choice("key", "The key that its bells and voices are in, to match the music.", KEYS, "c"),
        Number("power", "How strong it is: louder, with a heavier blow.", 0.0, 1.0, 0.5, live=True),
        Number("shimmer", "How many bells glitter in it.", 0.0, 1.0, 0.5, live=True),
        Number("choir", "How much voices sing in it.", 0.0, 1.0, 0.3, live=True),
        Number("rush", "How much air rushes in it.", 0.0, 1.0, 0.5, live=True),
        Number("duration_s", "How long a single one takes, without its ring.", 0.4, 4.0, 1.0, "s", "logarithmic"),
    ),
    presets=(
        Preset("arcane_cast", "A spell without a colour, gathered and let go.", {}, "MAGSpel"),
        Preset(
            "fireball",
            "Flames gather and burst away.",
            {"element": "fire", "power": 0.8, "shimmer": 0.2, "gain_db": -2.0},
            "MAGElem",
        ),
        Preset(
            "frost_blast",
            "Ice shoots up and splinters.",
            {"element": "ice", "form": "impact", "shimmer": 0.8, "power": 0.6},
            "MAGElem",
        ),
        Preset(
            "healing_light",
            "Warm voices and bells that climb.",
            {"element": "holy", "choir": 0.7, "rush": 0.3, "power": 0.3, "duration_s": 2.0},
            "MAGAngl",
        ),
        Preset(
            "dark_curse",
            "Something old is called by its name.",
            {"element": "dark", "choir": 0.8, "shimmer": 0.3, "power": 0.7, "duration_s": 2.2},
            "MAGEvil",
        ),
        Preset(
            "spell_impact",
            "A spell meets a shield.",
            {"form": "impact", "power": 0.8, "duration_s": 0.8},
            "MAGSpel",
        ),
        Preset(
            "fairy_dust",
            "Nothing but glitter.",
            {"shimmer": 1.0, "choir": 0.0, "rush": 0.1, "power": 0.15, "duration_s": 0.9, "gain_db": 6.0},
            "MAGShim",
        ),
        Preset(
            "enchanted_aura",
            "A thing that is not of this world.",
            {"element": "holy", "shimmer": 0.4, "choir": 0.45, "rush": 0.25, "power": 0.35, "duration_s": 3.0},
            "MAGShim",
        ),
    ),
    one_shot=OneShot(cast, gain_db=-8.5),
    endless=Endless(Aura, gain_db=-5.3, min_loop_s=3.0),
)
