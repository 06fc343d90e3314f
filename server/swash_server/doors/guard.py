"""Around every call, whichever way it comes: an id, a count, and one status for each kind of error."""

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

import grpc
from google.protobuf.message import Message
from google.rpc import status_pb2

from swash_model.errors import SoundError
from swash_server.callers.access import Access
from swash_server.callers.identity import IDENTITY, Peer
from swash_server.callers.quotas import Quotas
from swash_server.doors.call_record import CALL, CallRecord
from swash_server.doors.request_id import REQUEST_ID
from swash_server.doors.rpcs import Rpc
from swash_server.errors import SwashError, UnforeseenError, code_of, status_of
from swash_server.observability import logs
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import SPAN, Traces

ID_HEADER = "x-request-id"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(__name__)


class Call(Protocol):
    """One call as its transport knows it."""

    @property
    def transport(self) -> str:
        """Return how it came: grpc, grpc_web or connect."""
        ...

    def header(self, name: str) -> str | None:
        """Return what the caller sent under a name in lower case, None if nothing."""
        ...

    def peer(self) -> Peer:
        """Return the other end of the connection."""
        ...

    def time_remaining(self) -> float | None:
        """Return the seconds until the deadline, or None when there is none."""
        ...

    def gone(self) -> bool:
        """Return whether the caller has left."""
        ...

    def fail(self, status: status_pb2.Status) -> None:
        """Tell the caller how the call ended; may raise what the transport wants raised."""
        ...


class Guard:
    """Gives each call an id, a span and its line in the log, counts it, and answers errors with their status.

    Who may not call is told so before the request is read. Requests are parsed within, so that bytes that are no
    message are answered as any other mistake of a caller.
    """

    def __init__(
        self,
        metrics: Metrics,
        traces: Traces,
        access: Access | None = None,
        quotas: Quotas | None = None,
        *,
        log_prompts: bool = False,
    ) -> None:
        """Count into these metrics, let in whom `access` does; `log_prompts` lets words into lines and spans."""
        self._quotas = quotas or Quotas()
        self._metrics = metrics
        self._access = access or Access()
        self._traces = traces
        self._log_prompts = log_prompts

    @property
    def reads_certificates(self) -> bool:
        """Return whether it matters which certificate a connection came with."""
        return self._access.certificates

    async def unary(self, rpc: Rpc, request: bytes, call: Call) -> bytes | None:
        """Return the serialised answer to a call; None when it failed and the caller has been told."""
        with self._guarded(rpc, call) as record:
            self._admit(rpc, call, record)
            answer = rpc.serialised(await rpc.handle(self._parsed(rpc, request, record), call))
            record.sent_bytes += len(answer)
            return answer
        return None

    async def stream(self, rpc: Rpc, asked: bytes | AsyncIterator[bytes], call: Call) -> AsyncGenerator[bytes]:
        """Yield the serialised answers to a call of one request, or of many: each is parsed when it is read."""
        with self._guarded(rpc, call) as record:
            self._admit(rpc, call, record)
            if isinstance(asked, bytes):
                answering = rpc.handle(self._parsed(rpc, asked, record), call)
            else:
                answering = rpc.handle((rpc.parsed(request) async for request in asked), call)
            async with aclosing(answering) as answers:
                async for answer in answers:
                    serialised = rpc.serialised(answer)
                    record.sent_bytes += len(serialised)
                    yield serialised

    def _admit(self, rpc: Rpc, call: Call, record: CallRecord) -> None:
        """Find out who calls; raise UnauthenticatedError, PermissionDeniedError or QuotaError."""
        record.caller = self._access.caller_of(call)
        IDENTITY.set(record.caller)
        self._access.admit(rpc.name, record.caller)
        self._quotas.call(record.caller.name)

    def _parsed(self, rpc: Rpc, request: bytes, record: CallRecord) -> Message:
        parsed = rpc.parsed(request)
        assert record.caller is not None
        self._access.check(record.caller, parsed)
        return parsed

    @contextmanager
    def _guarded(self, rpc: Rpc, call: Call) -> Iterator[CallRecord]:
        record = CallRecord(rpc.name, call.transport, _id_of(call), self._log_prompts)
        span = self._traces.begin(rpc.path[1:], call)
        REQUEST_ID.set(record.request_id)
        CALL.set(record)
        SPAN.set(span)
        code = grpc.StatusCode.CANCELLED  # unless it ends in another way
        failure: Exception | None = None
        try:
            yield record
            code = grpc.StatusCode.OK
        except Exception as error:  # noqa: BLE001 - where a call ends: the caller is told
            failure = error
            # A write to a caller who has gone raises what it likes.
            left = isinstance(error, asyncio.CancelledError) or call.gone()
            if isinstance(error, SwashError | SoundError) or not left:
                told = _told(error)
                code = code_of(told)
                call.fail(status_of(told))
        finally:
            self._metrics.calls.labels(rpc.name, code.name, call.transport).inc()
            self._access.count(record.caller, code.name)
            logs.call_ended(record, code.name)
            span.tell(request_id=record.request_id, engine=record.engine, effect=record.effect)
            span.tell(seed=record.seed, cached=record.cached, bytes=record.sent_bytes)
            span.tell(prompt=record.prompt if record.prompts else None)
            span.answered(code.name, failure)


def _id_of(call: Call) -> str:
    """Return the id that the caller gave the call, if it is one, or a new one."""
    given = call.header(ID_HEADER)
    return given if given is not None and _ID.fullmatch(given) else secrets.token_hex(8)


def _told(error: Exception) -> SwashError | SoundError:
    """Return what a caller is told of an error; what nobody foresaw goes into the log."""
    if isinstance(error, SwashError | SoundError):
        return error
    request_id = REQUEST_ID.get()
    log.error("call %s failed", request_id, exc_info=error)
    return UnforeseenError(request_id)
