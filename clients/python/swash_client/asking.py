"""What to ask a server for, and what to ask it again when it breaks off; how calls travel is not known here."""

import random
from collections.abc import Callable

from swash.v1 import sound_pb2 as pb
from swash_client.errors import DamagedSoundError, OverloadedError, SwashError, UnavailableError
from swash_client.request import invalid

DEFAULT_RETRIES, MAX_RETRIES = 4, 100
FIRST_WAIT_S, MAX_WAIT_S = 0.25, 8.0
GROWTH = 2.5  # 0.25 s, 0.6, 1.6, 3.9: together as long as a server takes to start again
SPREAD = 0.25  # of what the server says: those whom it told the same do not all come back at once

_SAMPLE_BYTES = {pb.ENCODING_UNSPECIFIED: 2, pb.ENCODING_PCM_S16LE: 2, pb.ENCODING_PCM_F32LE: 4}


class Asking:
    """The events of one sound, or of its takes, as if it came in one call, however many it takes.

    What has come is not asked for again: PCM goes on at the frame after the last, with the seed, the object and
    the engine that its header told; the takes that are left follow in a call of their own. A file begins anew, and
    its header comes again. `chance` gives numbers from 0 to 1, which spread the callers of one server in time.
    """

    def __init__(
        self,
        request: pb.RenderRequest,
        *,
        retries: int = DEFAULT_RETRIES,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Ask again at most `retries` times before something new comes."""
        self._asked = request
        self._takes = request.takes if request.HasField("takes") else 1
        self._retries = retries
        self._chance = chance
        self._began = False
        self._failures = 0  # since something new came
        self._first: pb.Header | None = None
        self._header: pb.Header | None = None  # of the take that is arriving
        self._frames = request.first_frame  # of it that have come, or were not wanted
        self._done = 0  # takes
        self._offset = 0  # the number of the first take of the call in flight
        self._going_on = False  # the header that comes next has been heard before

    def request(self) -> pb.RenderRequest:
        """Return what the next call is to ask for."""
        self._offset = self._done
        self._going_on = self._header is not None and self._is_pcm()
        if self._going_on:
            return self._rest_of_a_take()
        self._header = None  # of a file, which begins anew
        return self._takes_left()

    @property
    def awaited(self) -> bool:
        """Return whether somebody waits for it now: others may wait long for their first turn."""
        return self._asked.priority in {pb.PRIORITY_UNSPECIFIED, pb.PRIORITY_INTERACTIVE}

    @property
    def unfinished(self) -> bool:
        """Return whether, after a call that ended well, takes are left that it was not asked for."""
        return self._going_on and self._header is None and self._done < self._takes

    def take_in(self, event: pb.RenderResponse) -> pb.RenderResponse | None:
        """Return the event as it would be in one call, or None if it came before.

        Raise DamagedSoundError when a server goes on with another sound than the one that broke off.
        """
        self._began = True
        match event.WhichOneof("event"):
            case "progress":
                event.progress.take += self._offset
            case "header":
                event.header.take += self._offset
                return self._begin(event)
            case "audio":
                self._count(event.audio)
            case "trailer":
                event.trailer.take += self._offset
                self._header = None
                self._frames = self._asked.first_frame
                self._done += 1
                self._failures = 0
        return event

    def wait_s(self, error: SwashError, left_s: float) -> float:
        """Return how long to wait before the next call; raise the error when there is to be none.

        Only a broken or refused connection and a server that has too much to do are worth another call, and only
        within the `left_s` until the deadline.
        """
        if not isinstance(error, UnavailableError | OverloadedError):
            raise error
        told_s = error.retry_after_s
        if told_s is None and isinstance(error, OverloadedError):  # it will not fit later either
            raise error
        # Where nobody has ever answered there is hardly a server: once more, and then say so.
        most = self._retries if self._began or told_s is not None else min(1, self._retries)
        if self._failures >= most:
            raise error
        if told_s is not None:
            wait_s = told_s * (1.0 + SPREAD * self._chance())
        else:
            wait_s = min(FIRST_WAIT_S * GROWTH**self._failures, MAX_WAIT_S) * (0.5 + 0.5 * self._chance())
        if wait_s >= left_s:
            raise error
        self._failures += 1
        return wait_s

    def _begin(self, event: pb.RenderResponse) -> pb.RenderResponse | None:
        header = event.header
        if not self._going_on or self._header is None:
            self._header = header
            self._first = self._first or header
            return event
        self._going_on_with(header)
        return None

    def _going_on_with(self, header: pb.Header) -> None:
        """Raise DamagedSoundError unless a header is of the sound that broke off."""
        before = self._header
        assert before is not None
        told = ("key", "engine", "engine_version", "seed", "sample_rate", "channels", "encoding")
        for name in told:
            was, now = getattr(before, name), getattr(header, name)
            if was != now and was and now:
                raise DamagedSoundError(f"the server goes on with another sound: {name} is {now}, was {was}")

    def _count(self, audio: pb.Audio) -> None:
        if self._header is None or not self._is_pcm():
            return
        frame_bytes = _SAMPLE_BYTES[self._header.encoding] * max(1, self._header.channels)
        self._frames = max(self._frames, audio.first_frame + len(audio.data) // frame_bytes)
        self._failures = 0

    def _is_pcm(self) -> bool:
        return self._header is not None and self._header.encoding in _SAMPLE_BYTES

    def _rest_of_a_take(self) -> pb.RenderRequest:
        """Return the request for what is left of the take that broke off, and of this very sound."""
        assert self._header is not None
        request = _copy(self._asked)
        if request.HasField("takes"):
            request.takes = 1
        request.seed = self._header.seed
        request.object_seed = self._header.object_seed
        request.engine = self._header.engine
        if self._header.fallback:
            _clear_neural(request)
        request.first_frame = self._frames
        return request

    def _takes_left(self) -> pb.RenderRequest:
        """Return the request for the takes that have not come, with the seeds they would have had."""
        request = _copy(self._asked)
        if (first := self._first) is None:
            return request
        if request.HasField("takes"):
            request.takes = self._takes - self._done
        chosen = first.replaced_seed if first.HasField("replaced_seed") else first.seed
        request.seed = ((request.seed if request.HasField("seed") else chosen) + self._done) % 2**32
        request.object_seed = first.object_seed
        if (
            not first.fallback
        ):  # who fell back from another engine asks for that one again, and may again fall back
            request.engine = first.engine
        return request


def _clear_neural(request: pb.RenderRequest) -> None:
    """Take away what only the neural engine may be asked: the one that stood in for it refuses it."""
    for name in ("init", "steps", "guidance", "negative_prompt", "init_noise_level"):
        request.ClearField(name)
    request.short_window = request.fallback = False
    request.loop_method = pb.LOOP_METHOD_UNSPECIFIED


def checked_retries(retries: int) -> int:
    """Return how often to ask again, 0 to 100; raise InvalidRequestError for what is none."""
    if not 0 <= retries <= MAX_RETRIES:  # also refuses NaN
        raise invalid("retries", f"0 to {MAX_RETRIES}, got {retries!r}")
    return retries


def _copy(request: pb.RenderRequest) -> pb.RenderRequest:
    copied = pb.RenderRequest()
    copied.CopyFrom(request)
    return copied
