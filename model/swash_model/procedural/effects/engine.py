"""An engine: cylinders that fire into a pipe, valves that tick, air that is drawn in; or an electric motor.

Firing pulses through an exhaust as in S. Baldan, H. Lachambre, S. Delle Monache and P. Boussard, "Physically
informed car engine sound synthesis for virtual and augmented environments" (2015); all levels are tuned.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import Pink, Sections, StateVariable, butterworth
from swash_model.dsp.harmonics import Harmonics
from swash_model.dsp.pulses import PulseTrain
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turning, Turns
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values

INERTIA_S = 0.08  # a crankshaft is heavy: rpm follows its control with this time constant
SOUND_M_S = 480.0  # in exhaust gas of some 300 degrees Celsius
MOST_PIPE_FRAMES = 4096
V_TWIN_PLACES = (0.0, 0.4375)  # 315 and 405 degrees apart: the lope of a V of 45 degrees on one crankpin
CROSS_PLANE = (0, 1, 0, 0, 1, 0, 1, 1)  # which bank of a V8 fires: never evenly, hence its burble
KNOCK_HZ = 1900.0  # what a diesel's block rings with

NOISE_STREAM, EXHAUST_STREAM, INTAKE_STREAM, KNOCK_STREAM, VALVE_STREAM = 1, 10, 12, 13, 14
WANDER_STREAM, MOTOR_STREAM = 20, 30
CYLINDER_STREAM, BODY_STREAM, PHASE_STREAM = 40, 41, 42


@njit(cache=True, nogil=True)
def _pipes(samples, delays, before, after, soft, memory, heads, lows, out):  # type: ignore[no-untyped-def]
    """Send each channel through an open pipe: what comes back from its end is turned around and softer.

    Each of `delays` is frames there and back, `before` and `after` the share that comes back at the two ends of
    the block, `soft` the pole of what a reflection loses above.
    """
    frames = samples.shape[1]
    for channel in range(samples.shape[0]):
        line, delay, head, low = memory[channel], delays[channel], heads[channel], lows[channel]
        for frame in range(frames):
            back = before + (after - before) * (frame + 1) / frames
            low = line[(head - delay) % line.shape[0]] * (1.0 - soft) + low * soft
            value = samples[channel, frame] - back * low
            line[head % line.shape[0]] = value
            head += 1
            out[channel, frame] = value
        heads[channel], lows[channel] = head % line.shape[0], low


class Pipes:
    """Two exhaust pipes of nearly one length; what comes out of their ends."""

    def __init__(self, length_m: float) -> None:
        frames = 2.0 * length_m / SOUND_M_S * SAMPLE_RATE
        self._delays = np.array([round(frames), round(1.04 * frames)])
        self._memory = np.zeros((2, MOST_PIPE_FRAMES))
        self._heads = np.zeros(2, np.int64)
        self._lows = np.zeros(2)
        self._last: float | None = None

    def process(self, samples: Samples, reflected: float) -> Samples:
        """Return the next samples, shape (2, frames); `reflected` 0..1 is how much comes back, live."""
        last = reflected if self._last is None else self._last
        self._last = reflected
        out = np.empty_like(samples)
        _pipes(samples, self._delays, last, reflected, 0.45, self._memory, self._heads, self._lows, out)
        return out


def peaking(centre_hz: float, gain_db: float, resonance: float) -> Samples:
    """Return a section, shape (6,), that raises a band (R. Bristow-Johnson's cookbook of equalizers)."""
    amplitude = 10.0 ** (gain_db / 40.0)
    turn = 2.0 * math.pi * centre_hz / SAMPLE_RATE
    alpha = math.sin(turn) / (2.0 * resonance)
    first = 1.0 + alpha / amplitude
    middle = -2.0 * math.cos(turn)
    up = (1.0 + alpha * amplitude, middle, 1.0 - alpha * amplitude)
    down = (first, middle, 1.0 - alpha / amplitude)
    return np.asarray(np.array([*up, *down]) / first)


@dataclass(frozen=True, slots=True)
class Fuel:
    """How a fuel burns.

    `rise_turns` and `fall_turns` are how long an exhaust pulse takes, in turns of the engine's cycle, `spread`
    how unlike pulses are when idle, and the levels those of knocking, ticking and blowing.
    """

    rise_turns: float
    fall_turns: float
    spread: float
    knock: float
    tick: float
    blow: float


FUELS = {
    "petrol": Fuel(0.003, 0.024, 0.10, 0.4, 1.0, 1.0),
    "diesel": Fuel(0.003, 0.02, 0.14, 1.0, 0.8, 0.7),
}
ELECTRIC = "electric"


class Crank:
    """What turns: rpm with its inertia, and an idle that hunts a little."""

    def __init__(self, timeline: Timeline) -> None:
        # Where the crank stands is the moment's.
        self._turns = Turns(timeline, np.array([chance.uniform(timeline.seed, PHASE_STREAM, 1)]))
        self._wander = Drifts(timeline, WANDER_STREAM, 0.9, 1)
        self._flutter = Drifts(timeline, WANDER_STREAM + 1, 5.0, 1)
        self._rpm: float | None = None
        self._behind: Samples | None = None

    def step(self, start: int, rpm: float, unevenness: float) -> tuple[Turning, float]:
        """Return the quantum from absolute frame `start`, in engine cycles of two turns, and the rpm now."""
        last = rpm if self._rpm is None else self._rpm
        self._rpm = last + (rpm - last) * (1.0 - math.exp(-QUANTUM_S / INERTIA_S))
        turning = self._turns.step(start, np.array([self._rpm / 120.0]))
        # Hunting is a share of a turn ahead or behind, so that it closes in a loop as everything does.
        before = self._hunt(start, last, unevenness) if self._behind is None else self._behind
        self._behind = self._hunt(start + QUANTUM_FRAMES, self._rpm, unevenness)
        return turning.shifted(before, self._behind), self._rpm

    def _hunt(self, frame: int, rpm: float, unevenness: float) -> Samples:
        """Return how many turns it is ahead at an absolute frame, shape (1,): some 1 % of its rate when idle."""
        turns = self._wander.at(frame) + 0.12 * self._flutter.at(frame)
        return np.asarray(0.12 * unevenness * math.sqrt(rpm / 1000.0) * turns)


class Combustion:
    """Petrol and diesel: exhaust, intake and the block."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Build the engine: how its cylinders differ and what its body rings with is the object's."""
        count = round(values.number("cylinders"))
        self._fuel = FUELS[values.choice("kind")]
        self._size = values.number("size")
        self._count = count
        places = np.array(V_TWIN_PLACES) if count == 2 else np.arange(count) / count
        seed = timeline.object_seed
        self._strength = 1.0 + 0.3 * (2.0 * chance.uniforms(seed, CYLINDER_STREAM, 0, count) - 1.0)
        side = np.array([CROSS_PLANE[number % 8] if count == 8 else number % 2 for number in range(count)])
        # Each bank is heard more from its own pipe; fewer cylinders share one.
        self._banks = np.stack([np.where(side == ear, 1.0, 0.4 if count >= 6 else 0.9) for ear in range(2)])
        self._crank = Crank(timeline)
        self._exhaust = [PulseTrain(timeline, EXHAUST_STREAM, places) for _ in range(2)]
        self._intake = PulseTrain(timeline, INTAKE_STREAM, places)
        self._knocks = PulseTrain(timeline, KNOCK_STREAM, places)
        ticks = (np.concatenate([places, places + 0.5 / count]) + 0.11) % 1.0
        self._valves = PulseTrain(timeline, VALVE_STREAM, np.sort(ticks))
        self._tappets = 0.6 + 0.8 * chance.uniforms(seed, CYLINDER_STREAM, 1, 2 * count)
        self._noise = Noise(timeline, NOISE_STREAM)
        length = 0.9 + 0.2 * chance.uniform(seed, BODY_STREAM, 0)
        self._pipes = Pipes(length * (0.7 + 3.3 * self._size))
        self._body = Sections(self._resonances(seed))
        self._radiate = butterworth("highpass", 700.0 * 0.4**self._size, order=1)
        self._muffler = StateVariable("lowpass")
        self._throat = StateVariable("bandpass")
        self._block = StateVariable("bandpass")
        self._ring = StateVariable("bandpass")
        self._head = butterworth("bandpass", (2600.0, 9000.0), order=1)
        self._lines = Glides()

    def _resonances(self, seed: int) -> npt.NDArray[np.float64]:
        """Return the sections of the body: what it rings with, lower for a large engine."""
        draws = chance.uniforms(seed, BODY_STREAM, 1, 8)
        scale = 1.9 * 0.36**self._size
        peaks = [
            peaking(hz * scale * (0.88 + 0.24 * draws[number]), 5.0 + 4.0 * draws[4 + number], 2.5)
            for number, hz in enumerate((95.0, 190.0, 420.0, 950.0))
        ]
        return np.array(peaks)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        load, exhaust, rough = (values.number(name) for name in ("load", "exhaust", "roughness"))
        turning, rpm = self._crank.step(start, values.number("rpm"), 0.25 + rough)
        fuel, cycle_s = self._fuel, 120.0 / rpm
        busy, near = math.sqrt(rpm / 1500.0), values.number("mechanical")
        open_hz = 260.0 * 14.0**exhaust * (0.75 + 0.7 * load) * min(busy, 1.6) * (1.25 - 0.5 * self._size)
        gains = self._lines.take(
            np.array(
                [
                    [open_hz] * 2,
                    [(210.0 + 90.0 * busy) * (1.5 - 0.9 * self._size)] * 2,
                    [1.25 * (0.35 + 0.65 * load) * (0.8 + 0.5 * exhaust) / busy**0.5] * 2,  # exhaust
                    [0.5 * fuel.blow * load * busy] * 2,  # intake
                    [0.7 * fuel.knock * (0.45 + 0.55 * load)] * 2,
                    [0.5 * fuel.tick * near * (0.4 + 0.6 * busy) / math.sqrt(max(self._count, 3))] * 2,
                    [fuel.blow * (0.12 + 0.45 * load) * (0.4 + 0.6 * exhaust)] * 2,  # the noise of gas that flows
                    [0.04 * near * busy**1.5] * 2,  # fan, belts and gears
                ]
            ),
            QUANTUM_FRAMES,
        )
        muffler_hz, throat_hz, out_gain, in_gain, knock_gain, tick_gain, flow, whirr = gains
        white = self._noise.take(start)
        pulses = self._fire(turning, cycle_s, load, rough)
        pipes = self._pipes.process(pulses * (1.0 + flow * white), 0.35 + 0.35 * exhaust)
        mouth = self._radiate.process(self._body.process(self._muffler.process(pipes, muffler_hz, 0.8)))
        loud = np.tanh(out_gain * mouth)
        gasp = self._intake.take(
            turning, self._strength, rise_s=0.012 * cycle_s, fall_s=0.05 * cycle_s, jitter=0.004, spread=0.15
        )
        drawn = self._throat.process(gasp * (0.5 + 0.6 * correlated(white, 0.5)), throat_hz, 1.6) * in_gain
        return np.asarray(loud + drawn + self._metal(turning, white, knock_gain, tick_gain, whirr))

    def _fire(self, turning: Turning, cycle_s: float, load: float, rough: float) -> Samples:
        """Return what the cylinders push into the two pipes, shape (2, frames)."""
        fuel = self._fuel
        sharp = 1.0 - 0.35 * load  # the harder it burns, the more sudden the valve opens on it
        # Part of a pulse is as long as the crank takes, part as long as gas takes to leave.
        rise_s = sharp * fuel.rise_turns * cycle_s + 0.00005
        fall_s = (1.0 + 0.3 * load) * fuel.fall_turns * cycle_s + 0.0002 + 0.0008 * self._size
        spread = min(0.9, fuel.spread * (1.3 - load) + 0.55 * rough)
        own = 1.0 + (0.4 + rough) * (self._strength - 1.0)
        return np.stack(
            [
                train.take(
                    turning,
                    own * bank,
                    rise_s=rise_s,
                    fall_s=fall_s,
                    jitter=(0.002 + 0.02 * rough) / self._count,
                    spread=spread,
                )
                for train, bank in zip(self._exhaust, self._banks, strict=True)
            ]
        )

    def _metal(
        self, turning: Turning, white: Samples, knock_gain: Samples, tick_gain: Samples, whirr: Samples
    ) -> Samples:
        """Return what the block radiates: knocking, ticking valves, and all that turns with it."""
        knock = self._knocks.take(
            turning, self._strength, rise_s=0.00015, fall_s=0.0016, jitter=0.003 / self._count, spread=0.55
        )
        tick = self._valves.take(
            turning, self._tappets, rise_s=0.0001, fall_s=0.0011, jitter=0.01 / self._count, spread=0.35
        )
        blows = knock * (0.35 + 0.65 * correlated(white, 0.6))
        centre_hz = KNOCK_HZ * (1.5 - 0.75 * self._size)
        hit = self._block.process(blows, centre_hz, 1.4) + 0.7 * self._ring.process(blows, 1.9 * centre_hz, 5.0)
        near = self._head.process(correlated(white[::-1], 0.35) * (tick * tick_gain + whirr))
        return np.asarray(hit * knock_gain + near)


class Motor:
    """Electric: the forces between poles, the teeth of the gear, and the inverter's carrier."""

    ORDERS = ((8, 0.45), (16, 0.15), (24, 0.5), (40, 0.1), (48, 0.6), (72, 0.25))  # of forces a turn, and levels
    MOST_ORDERS = 75
    TEETH = 29  # of the gear: prime, as gear makers like them

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Wind a motor: how strong each of its orders is, is the object's."""
        seed = timeline.object_seed
        self._size = values.number("size")
        self._crank = Crank(timeline)
        self._orders = self._own_orders(seed)
        phases = chance.uniforms(seed, PHASE_STREAM, 0, 2 * self.MOST_ORDERS).reshape(2, -1)
        self._whine = Harmonics(phases)
        self._gear = Harmonics(phases[:, :4])
        self._carrier = Harmonics(phases[:, 4:5])
        self._carrier_turns = Turns(timeline, np.zeros(2))
        self._breath = Drifts(timeline, MOTOR_STREAM, 2.3, len(self.ORDERS) + 4)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._pink = Pink()
        self._air = StateVariable("bandpass")
        self._lines = Glides()

    def _own_orders(self, seed: int) -> Samples:
        """Return the level of every order for each force, shape (forces, orders).

        No rotor is quite round: a turn is heard as sidebands beside each order.
        """
        levels = np.zeros((len(self.ORDERS), self.MOST_ORDERS))
        for row, (order, level) in zip(levels, self.ORDERS, strict=True):
            draws = chance.uniforms(seed, MOTOR_STREAM, order, 5)
            for number, side in enumerate((0, -1, 1, -2, 2)):
                row[order + side - 1] = level * (0.5 + draws[number]) * (1.0, 0.22, 0.22, 0.1, 0.1)[number]
        return levels

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        load, rough = values.number("load"), values.number("roughness")
        turning, rpm = self._crank.step(start, values.number("rpm"), 0.1 + 0.3 * rough)
        shaft = Turning(*(np.repeat(2.0 * each, 2) for each in turning))  # a cycle is two turns
        fast = rpm / 3000.0
        breath = 1.0 + 0.35 * self._breath.at(start)
        tilt = np.array([order for order, _ in self.ORDERS]) ** (0.3 * load - 0.3)
        whine = (tilt * breath[:-4] * (0.06 + 0.3 * load) * fast**0.4) @ self._orders
        out = np.zeros((2, QUANTUM_FRAMES))
        self._whine.sound(shaft, self._spread(whine), out)
        mesh = np.array([0.5, 0.2, 0.1, 0.05]) * breath[-4:] * (0.01 + 0.12 * values.number("mechanical"))
        self._gear.sound(shaft.times(self.TEETH), self._spread(mesh * fast * (0.4 + 0.6 * load)), out)
        carrier = self._carrier_turns.step(start, np.full(2, 8000.0))
        self._carrier.sound(carrier, self._spread(np.array([0.008 * (0.2 + load)])), out)
        air_hz, air = self._lines.take(
            np.array([500.0 * (1.6 - self._size) * (0.6 + 0.6 * fast), 0.01 + 0.08 * fast**1.2]), QUANTUM_FRAMES
        )
        rush = self._air.process(self._pink.process(correlated(self._noise.take(start), 0.4)), air_hz, 0.5)
        return np.asarray(0.5 * (out * (1.0 - 0.4 * self._size) + rush * air))

    @staticmethod
    def _spread(partials: Samples) -> Samples:
        """Return partials left and right: two voices of other phases, each mostly on its side."""
        pans = np.array([[0.85, 0.5], [0.5, 0.85]])
        return np.asarray(pans[:, :, None] * partials)


def running(timeline: Timeline, values: Values) -> Combustion | Motor:
    """Return a voice of an engine; its kind, cylinders and size are latched here."""
    if values.choice("kind") == ELECTRIC:
        return Motor(timeline, values)
    return Combustion(timeline, values)


ENGINE = Effect(
    id="engine",
    title="Engine",
    description="An engine that runs: from a lawnmower and a car to a truck, a boat and an electric motor.",
    ucs_cat_id="MOTRComb",
    version=1,
    parameters=(
        Number(
            "rpm",
            "How fast it turns: 800 idles, 2500 cruises, 6000 races.",
            500.0,
            9000.0,
            1100.0,
            "rpm",
            curve="logarithmic",
            live=True,
        ),
        Number("load", "How hard it pulls: 0 coasts, 1 climbs with the throttle open.", 0.0, 1.0, 0.3, live=True),
        Number("cylinders", "How many cylinders fire in two turns, as a whole number.", 1.0, 12.0, 4.0),
        Number("size", "How large: 0 a model's, 0.4 a car's, 0.8 a truck's, 1 a ship's.", 0.0, 1.0, 0.4),
        Number("exhaust", "How open the exhaust is: 0 well muffled, 1 a bare pipe.", 0.0, 1.0, 0.35, live=True),
        Number("roughness", "How unevenly it fires: 0 like new, 1 about to stall.", 0.0, 1.0, 0.2, live=True),
        Number("mechanical", "How much is heard of valves, belts and gears beside it.", 0.0, 1.0, 0.4, live=True),
        Choice(
            "kind", "What drives it: petrol, diesel that knocks, or electricity.", (*FUELS, ELECTRIC), "petrol"
        ),
    ),
    presets=(
        Preset("car_idle", "A car that waits at the kerb.", {"rpm": 850.0, "load": 0.12}, "VEHCar"),
        Preset(
            "car",
            "A car that cruises.",
            {"rpm": 2600.0, "load": 0.45, "mechanical": 0.3, "roughness": 0.1},
            "VEHCar",
        ),
        Preset(
            "sports_car",
            "Eight cylinders, throttle open.",
            {
                "rpm": 5200.0,
                "load": 0.9,
                "cylinders": 8.0,
                "exhaust": 0.85,
                "roughness": 0.1,
                "brightness": 0.3,
                "gain_db": -6.0,
            },
            "VEHRace",
        ),
        Preset(
            "truck",
            "A heavy diesel that idles.",
            {"kind": "diesel", "rpm": 650.0, "load": 0.35, "cylinders": 6.0, "size": 0.8, "mechanical": 0.5},
            "VEHTruck",
        ),
        Preset(
            "motorcycle",
            "A big V of two cylinders with a loud pipe.",
            {"rpm": 1300.0, "load": 0.45, "cylinders": 2.0, "exhaust": 0.8, "size": 0.35, "roughness": 0.3},
            "VEHMoto",
        ),
        Preset(
            "lawnmower",
            "One small cylinder at a steady speed.",
            {"rpm": 3000.0, "load": 0.5, "cylinders": 1.0, "exhaust": 0.6, "size": 0.12, "mechanical": 0.8},
            "MOTRComb",
        ),
        Preset(
            "motor_boat",
            "A slow diesel below deck.",
            {"kind": "diesel", "rpm": 900.0, "load": 0.6, "cylinders": 3.0, "size": 1.0, "exhaust": 0.15},
            "BOATMotr",
        ),
        Preset(
            "electric_car",
            "An electric motor that whines.",
            {"kind": ELECTRIC, "rpm": 4200.0, "load": 0.5},
            "VEHElec",
        ),
    ),
    endless=Endless(running, gain_db=-6.2, min_loop_s=2.0),
)
