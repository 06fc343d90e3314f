"""A machine that hums: iron that sings with the mains, blades that chop the air, and a panel that rattles."""

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glide, Glides
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.harmonics import Harmonics
from swash_model.dsp.pulses import PulseTrain
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, Samples, Timeline
from swash_model.dsp.turns import Turning, Turns
from swash_model.procedural.effect import Effect, Endless, Number, Preset, Values

PARTIALS = 48  # of the hum: 4.8 kHz over mains of 100 Hz
BLADE_PARTIALS = 8
FANS = 3  # that never run quite alike: their beating is what a room full of them sounds like
SLIP = np.array([0.0, 0.011, -0.017])
STILL_QUANTA = 10  # after which a panel has rung out
PANS = np.array([[0.85, 0.53], [0.53, 0.85], [0.75, 0.66]])  # left and right of each fan

NOISE_STREAM, RATTLE_NOISE_STREAM = 1, 2
BREATH_STREAM, PHASE_DRIFT_STREAM, FAN_DRIFT_STREAM, RATTLE_DRIFT_STREAM = 10, 60, 70, 80
IRON_STREAM, PHASE_STREAM, BLADE_STREAM, PANEL_STREAM = 90, 91, 92, 93
RATTLE_STREAM, STRIKE_STREAM = 100, 101


class Iron:
    """The hum: partials of one pitch, each as strong as the iron lets it be."""

    def __init__(self, timeline: Timeline) -> None:
        seed = timeline.object_seed
        draws = chance.uniforms(seed, IRON_STREAM, 0, 2 * PARTIALS).reshape(2, PARTIALS)
        numbers = np.arange(1, PARTIALS + 1)
        self._numbers = numbers
        # Cores and casings pick partials out at will: some 8 dB up or down.
        self._own = 10.0 ** (0.8 * (draws[0] - 0.5)) * np.where(numbers == 1, 1.0, 0.8)
        self._side = 0.5 * (draws[1] - 0.5) * np.minimum(1.0, numbers / 4.0)
        phases = chance.uniforms(seed, PHASE_STREAM, 0, 2 * PARTIALS).reshape(2, PARTIALS)
        begin = chance.uniform(timeline.seed, PHASE_STREAM, 1)  # where the mains stand is the moment's
        phases[1] = phases[0] + 0.22 * (phases[1] - 0.5) * np.minimum(1.0, numbers / 3.0)
        self._partials = Harmonics(phases)
        self._turns = Turns(timeline, np.full(2, begin))
        self._breath = Drifts(timeline, BREATH_STREAM, 0.7, PARTIALS)
        self._lag = Drifts(timeline, PHASE_DRIFT_STREAM, 0.8, 1)
        self._behind: Samples | None = None
        self._strikes = PulseTrain(timeline, STRIKE_STREAM, np.zeros(1))
        self._level = Glide()

    def block(self, start: int, values: Values, out: Samples) -> Turning:
        """Add the quantum from absolute frame `start` to `out`, shape (2, frames); return how far it turned."""
        tone, wobble, hz = (values.number(name) for name in ("tone", "wobble", "hz"))
        fall = 10.0 ** (-0.16 * (1.0 - tone) ** 1.7 * (self._numbers - 1)) * self._numbers ** (0.3 * tone - 0.9)
        fall = fall * np.exp(-((self._numbers / 28.0) ** 2))  # what is left above hisses more than it hums
        breath = 1.0 + (0.06 + 0.75 * wobble) * self._breath.at(start)
        level = 0.33 * values.number("hum") * fall * self._own * breath / (1.0 + 1.2 * tone)
        before = self._lagging(start, wobble, hz) if self._behind is None else self._behind
        self._behind = self._lagging(start + QUANTUM_FRAMES, wobble, hz)
        turning = self._turns.step(start, np.full(2, hz)).shifted(before, self._behind)
        self._partials.sound(turning, np.stack([level * (1.0 - self._side), level * (1.0 + self._side)]), out)
        return turning

    def _lagging(self, frame: int, wobble: float, hz: float) -> Samples:
        """Return how many turns the hum is behind at an absolute frame, shape (1,): up to 1.5 % of its pitch."""
        return np.asarray(0.006 * wobble**2 * hz * self._lag.at(frame))

    def sizzle(self, turning: Turning, values: Values) -> Samples:
        """Return how much what discharges hisses in time with the hum, shape (frames,): only what buzzes does."""
        level = self._level.take(0.2 * values.number("hum") * values.number("tone") ** 3, QUANTUM_FRAMES)
        pulses = self._strikes.take(turning, np.ones(1), rise_s=0.0004, fall_s=0.0018, jitter=0.02, spread=0.4)
        return np.asarray(pulses * level)


class Fans:
    """Blades that pass: tones at their rate, and air that they chop, from several fans beside each other."""

    def __init__(self, timeline: Timeline) -> None:
        seed = timeline.object_seed
        draws = chance.uniforms(seed, BLADE_STREAM, 0, FANS * BLADE_PARTIALS).reshape(FANS, BLADE_PARTIALS)
        numbers = np.arange(1, BLADE_PARTIALS + 1)
        self._own = (0.4 + draws) * numbers**-1.3
        phases = chance.uniforms(timeline.seed, BLADE_STREAM, 1, FANS * BLADE_PARTIALS).reshape(FANS, -1)
        self._tones = Harmonics(phases)
        self._chop = Harmonics(phases[:, :1])
        self._turns = Turns(timeline, np.zeros(FANS))
        self._lag = Drifts(timeline, FAN_DRIFT_STREAM, 0.5, FANS)
        self._slip = 1.0 + SLIP * (0.6 + 0.8 * chance.uniforms(seed, BLADE_STREAM, 2, FANS))

    def block(self, start: int, values: Values, out: Samples) -> Samples:
        """Add the tones of the quantum at `start` to `out`; return how the air is chopped, shape (2, frames)."""
        fan, fan_hz = values.number("fan"), values.number("fan_hz")
        turning = self._turns.step(start, fan_hz * self._slip)
        before, after = (0.5 * self._lag.at(frame) for frame in (start, start + QUANTUM_FRAMES))
        turning = turning.shifted(before, after)
        levels = (0.12 * fan * self._own)[:, None, :] * PANS[:, :, None]
        self._tones.sound(turning, levels, out)
        chopped = np.zeros((2, QUANTUM_FRAMES))
        self._chop.sound(turning, PANS[:, :, None] / 2.2, chopped)
        return chopped


class Air:
    """Air that rushes: duller in a slow duct than past quick blades, and chopped by them."""

    def __init__(self, timeline: Timeline) -> None:
        draws = chance.uniforms(timeline.object_seed, BLADE_STREAM, 3, 2)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._pink = Pink()
        self._room = butterworth("highpass", 70.0, order=1)
        self._roar = StateVariable("lowpass")
        self._duct = StateVariable("bandpass")
        self._duct_hz = 240.0 * 2.2 ** draws[0]
        self._hiss = butterworth("bandpass", (1500.0, 11_000.0), order=1)
        self._eddies = Drifts(timeline, FAN_DRIFT_STREAM + 8, 2.6, 2)
        self._lines = Glides()

    def block(self, start: int, values: Values, chopped: Samples, sizzle: Samples) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames).

        `chopped`, of that shape, is how the blades stand, `sizzle` (frames,) how much a discharge hisses.
        """
        air, fan = values.number("air"), values.number("fan")
        quick = values.number("fan_hz") ** 0.6
        eddies = self._eddies.at(start + QUANTUM_FRAMES)
        roar_hz, roar, duct, hiss, chop = self._lines.take(
            np.array(
                [
                    [300.0 + 90.0 * quick] * 2,
                    0.5 * air * (1.0 + 0.15 * eddies),
                    [0.16 * air] * 2,
                    air * (0.006 + 0.0018 * quick) * (1.0 + 0.12 * eddies[::-1]),
                    [0.85 * fan] * 2,
                ]
            ),
            QUANTUM_FRAMES,
        )
        noise = correlated(self._noise.take(start), 0.35)
        pink = self._room.process(self._pink.process(noise))
        # Minus: above its cutoff the low-pass has turned the noise around, and the two would cancel.
        rush = self._roar.process(pink, roar_hz, 0.5) * roar + self._duct.process(pink, self._duct_hz, 2.0) * duct
        swept = 1.0 + chop * chopped
        return np.asarray(rush * swept - self._hiss.process(noise * (hiss * swept + sizzle)))


class Panel:
    """A loose panel: it chatters along with the hum, now and then."""

    def __init__(self, timeline: Timeline) -> None:
        draws = chance.uniforms(timeline.object_seed, PANEL_STREAM, 0, 2)
        self._centre_hz = 1100.0 * 2.4 ** draws[0]
        self._chatter = PulseTrain(timeline, RATTLE_STREAM, np.zeros(1))
        self._noise = Noise(timeline, RATTLE_NOISE_STREAM)
        self._low = StateVariable("bandpass")
        self._high = StateVariable("bandpass")
        self._mood = Drifts(timeline, RATTLE_DRIFT_STREAM, 0.9, 1)
        self._flurry = Drifts(timeline, RATTLE_DRIFT_STREAM + 1, 6.0, 1)
        self._level = Glides()
        self._still = STILL_QUANTA

    def block(self, start: int, values: Values, turning: Turning) -> Samples | float:
        """Return the quantum from absolute frame `start`, shape (2, frames), for a hum that turns so."""
        end, rattle = start + QUANTUM_FRAMES, values.number("rattle")
        self._still = 0 if rattle > 0.0 else self._still + 1
        if self._still > STILL_QUANTA:
            return 0.0
        # It touches when it is shaken enough: never all of the time, and hardly when it sits well.
        shaken = rattle * (1.4 + self._mood.at(end) + 0.6 * self._flurry.at(end)) - 0.35
        touch = self._level.take(1.5 * rattle * np.maximum(shaken, 0.0), QUANTUM_FRAMES)
        hits = self._chatter.take(turning, np.ones(1), rise_s=0.00015, fall_s=0.0022, jitter=0.12, spread=0.9)
        hits = hits * touch * (0.5 + 0.5 * correlated(self._noise.take(start), 0.7))
        ringing = self._low.process(hits, self._centre_hz, 4.0)
        return np.asarray(ringing + 0.6 * self._high.process(hits, 2.7 * self._centre_hz, 3.0))


class MachineHum:
    """A voice of one machine, or of a room of them."""

    def __init__(self, timeline: Timeline, _values: Values) -> None:
        self._iron = Iron(timeline)
        self._fans = Fans(timeline)
        self._air = Air(timeline)
        self._panel = Panel(timeline)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        out = np.zeros((2, QUANTUM_FRAMES))
        turning = self._iron.block(start, values, out)
        chopped = self._fans.block(start, values, out)
        out += self._air.block(start, values, chopped, self._iron.sizzle(turning, values))
        return np.asarray(out + self._panel.block(start, values, turning))


MACHINE_HUM = Effect(
    id="machine_hum",
    title="Machine hum",
    description="What runs on and on: transformers, fans, fridges, generators, and rooms full of them.",
    ucs_cat_id="MACHMech",
    version=1,
    parameters=(
        Number("hum", "How loud the iron hums.", 0.0, 1.0, 0.5, live=True),
        Number(
            "hz",
            "Pitch of the hum: 100 on European mains, 120 on American, 50 and below for what turns.",
            20.0,
            400.0,
            100.0,
            "Hz",
            curve="logarithmic",
            live=True,
        ),
        Number("tone", "How it hums: 0 round, 1 buzzing.", 0.0, 1.0, 0.4, live=True),
        Number(
            "wobble", "How much it wavers and throbs, as worn or loaded machines do.", 0.0, 1.0, 0.2, live=True
        ),
        Number("air", "How much air it moves.", 0.0, 1.0, 0.3, live=True),
        Number("fan", "How clearly blades are heard in that air.", 0.0, 1.0, 0.3, live=True),
        Number(
            "fan_hz",
            "Blades that pass a second: 10 turn lazily, 400 are a server's.",
            5.0,
            600.0,
            90.0,
            "Hz",
            curve="logarithmic",
            live=True,
        ),
        Number("rattle", "How much a loose panel rattles along.", 0.0, 1.0, 0.0, live=True),
    ),
    presets=(
        Preset(
            "transformer",
            "A substation behind a fence.",
            {"hum": 0.8, "tone": 0.6, "air": 0.02, "fan": 0.0, "wobble": 0.1},
            "ELECBuzz",
        ),
        Preset(
            "fluorescent_light",
            "A tube that buzzes in an empty corridor.",
            {"hum": 0.4, "tone": 1.0, "air": 0.02, "fan": 0.0, "wobble": 0.3},
            "ELECBuzz",
        ),
        Preset(
            "fan",
            "A fan on a desk.",
            {"hum": 0.15, "tone": 0.2, "air": 0.6, "fan": 0.5, "fan_hz": 55.0},
            "MACHFan",
        ),
        Preset(
            "server_room",
            "Racks of quick little fans.",
            {"hum": 0.2, "tone": 0.3, "air": 0.7, "fan": 0.7, "fan_hz": 430.0, "wobble": 0.1},
            "MACHTech",
        ),
        Preset(
            "fridge",
            "A kitchen at night.",
            {"hum": 0.5, "hz": 50.0, "tone": 0.35, "air": 0.08, "fan": 0.2, "fan_hz": 24.0, "wobble": 0.35},
            "MACHAppl",
        ),
        Preset(
            "ventilation",
            "Air through a long duct.",
            {"hum": 0.15, "tone": 0.15, "air": 1.0, "fan": 0.25, "fan_hz": 32.0, "wobble": 0.3},
            "MACHHvac",
        ),
        Preset(
            "generator",
            "A generator in its shed, shaking everything.",
            {"hum": 1.0, "hz": 25.0, "tone": 0.85, "air": 0.35, "fan": 0.3, "wobble": 0.3, "rattle": 0.5},
            "MACHInd",
        ),
        Preset(
            "air_conditioner",
            "A box on the wall that hums, blows and rattles.",
            {"hum": 0.5, "tone": 0.3, "air": 0.5, "fan": 0.5, "fan_hz": 70.0, "wobble": 0.5, "rattle": 0.35},
            "MACHHvac",
        ),
    ),
    endless=Endless(MachineHum, gain_db=-13.3, min_loop_s=2.0),
)
