"""Who is let in to have a sound made: within the queues, a caller's quota and the deadline, or refused at once."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from swash_server.callers.identity import IDENTITY
from swash_server.callers.quotas import Held, Quotas
from swash_server.errors import OverloadedError, TooLateError
from swash_server.making.estimates import Estimates, Taken
from swash_server.making.line import Line, Place
from swash_server.making.order import Order
from swash_server.making.priority import Priority
from swash_server.making.tape import Facts, Progress, Tape
from swash_server.observability.metrics import Metrics

UNKNOWN_LENGTH_S = 20.0  # what is reckoned with for a one-shot
BYTES_A_SAMPLE = 8  # a float32, its int16 message, and room
# Of what is expected, before a deadline is called impossible: an estimate may be twice too high, and whoever goes
# before may leave. A call that is refused wrongly is worse than one that tries in vain.
SURELY = 0.5


class Admission:
    """The two lines: of sounds that take turns, and of those that take every core. Lives on the event loop."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        quotas: Quotas,
        workers: int,
        max_recordings: int,
        recording_bytes: int,
        max_queue: int,
        max_line: int,
    ) -> None:
        """Take the bounds: `max_queue` and `max_line` for each priority."""
        self._metrics = metrics
        self._quotas = quotas
        self._estimates = Estimates()
        self._turns = Line(
            max_queue, at_once=max_recordings, apart=True, max_bytes=recording_bytes, workers=workers
        )
        self._alone = Line(max_line)
        self._places: dict[Tape, Place] = {}
        metrics.recording.set_function(lambda: self._turns.begun + self._alone.begun)
        metrics.recording_limit.set(max_recordings)
        metrics.recording_bytes.set_function(lambda: self._turns.nbytes)
        metrics.recording_limit_bytes.set(recording_bytes)
        for queue, line, most in (("procedural", self._turns, max_queue), ("neural", self._alone, max_line)):
            for priority in Priority:
                labels = queue, priority.name.lower()
                metrics.waiting.labels(*labels).set_function(partial(line.waiting, priority))
                metrics.waiting_limit.labels(*labels).set(most)

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """Return the tapes that have a place."""
        return tuple(self._places)

    def expected_s(self, tape: Tape) -> float:
        """Return the seconds until the first frames, as far as anybody can know; 0 of what has no place."""
        place = self._places.get(tape)
        return 0.0 if place is None or tape.pieces else place.expected_s()

    def hurry(self, tape: Tape, priority: Priority) -> None:
        """Have a sound made as soon as the most urgent of those who wait for it wants."""
        tape.priority = min(tape.priority, priority)
        if (place := self._places.get(tape)) is not None:
            place.hurry(tape.priority)

    @contextmanager
    def placed(self, tape: Tape, order: Order) -> Iterator[Place]:
        """Give a tape a place within `with`, where it waits until it is reached.

        Raise OverloadedError when there is none, QuotaError when its caller has too many, and TooLateError when
        nobody who waits for it can have its first frames in time.
        """
        caller = IDENTITY.get().name
        with self._quotas.holding(caller, Held.SOUNDS), self._entered(tape, order, caller) as place:
            self._check_deadline(tape, place)
            self._places[tape] = place
            tape.on_abandoned(place.give_up)
            try:
                yield place
            finally:
                del self._places[tape]

    async def reached(self, tape: Tape, place: Place) -> None:
        """Wait until a sound may be made, or until nobody wants it any more."""
        await place.reached()
        if not tape.abandoned:
            self._metrics.queue_wait.labels(place.priority.name.lower()).observe(place.waited_s)

    def widen(self, at_once: int) -> None:
        """Let so many of the sounds that take every core be made at once: there are as many machines for them."""
        self._alone.widen(at_once)

    def learn(self, order: Order, facts: Facts, rest_s: float) -> None:
        """Learn from a sound that was made: `rest_s` of its compute seconds came after its first frames."""
        if not order.engine.exclusive:
            audio_s = facts.frames / order.mastering.sample_rate
            self._estimates.took(_kind(order), Taken(max(0.0, facts.render_s - rest_s), facts.render_s, audio_s))

    def _entered(self, tape: Tape, order: Order, caller: str) -> Place:
        try:
            if order.engine.exclusive:
                steps = order.spec.neural.steps if order.spec.neural else 0
                return self._alone.enter(
                    order.engine.expected_s(order.spec),
                    lambda ahead: tape.tell(Progress(ahead, 0, steps)),
                    priority=tape.priority,
                    caller=caller,
                )
            frames = order.frames()
            audio_s = None if frames is None else frames / order.mastering.sample_rate
            needed = (frames or round(UNKNOWN_LENGTH_S * order.mastering.sample_rate)) * order.mastering.channels
            return self._turns.enter(
                self._estimates.first_s(_kind(order), audio_s),
                None,  # it seldom waits, and never long
                work_s=self._estimates.work_s(_kind(order), audio_s),
                priority=tape.priority,
                caller=caller,
                nbytes=needed * BYTES_A_SAMPLE,
            )
        except OverloadedError:
            self._metrics.refused.labels("line" if order.engine.exclusive else "sounds").inc()
            raise

    def _check_deadline(self, tape: Tape, place: Place) -> None:
        if tape.until_s == math.inf:
            return
        left_s, expected_s = tape.until_s - asyncio.get_running_loop().time(), place.expected_s()
        if SURELY * expected_s > left_s:
            self._metrics.refused.labels("deadline").inc()
            raise TooLateError(expected_s, left_s)


def _kind(order: Order) -> str:
    """Return what takes about as long: the effects and presets of a sound, names of the catalogue all."""
    return "+".join(layer.path for layer in order.spec.layers)
