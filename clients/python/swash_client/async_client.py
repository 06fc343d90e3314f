"""The async client."""

from collections.abc import AsyncGenerator
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

import grpc

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client.asking import DEFAULT_RETRIES, Asking, checked_retries
from swash_client.async_session import AsyncSession
from swash_client.async_stream import AsyncStream
from swash_client.calls import AsyncCalls, AsyncFetched, first_of
from swash_client.catalogue import Effect, Resolution, ServerInfo
from swash_client.errors import UnknownSoundError, UnknownTagError
from swash_client.live import Live, OnEnded, OnRefused, opening
from swash_client.preload import Manifest, PreloadedTake, PreloadProgress, Unloaded, preload_request
from swash_client.recording import OnProgress, Recording, Take
from swash_client.request import (
    DEFAULT_ADDRESS,
    DEFAULT_TIMEOUT_S,
    PRELOAD_FIRST_S,
    PRELOAD_TIMEOUT_S,
    Ask,
    FileEncoding,
    PcmEncoding,
    Priority,
    file_request,
    pcm_request,
)
from swash_client.server import DEFAULT_KEEPALIVE_S, Access, Server
from swash_client.sound import Sound, SoundFile
from swash_client.status import typed_errors
from swash_client.wire import effects_of, preloaded_of, resolution_of, server_info_of


class AsyncClient:
    """Asks a swash server for sounds on an event loop; make it, use it and close it on one loop.

    Use it in `async with`, or await `close`. Every call has a deadline: `timeout_s` of the call, else of the
    client, else 60 s; when it passes, DeadlineError. A sound whose connection breaks goes on by itself; so does
    one that the server has no room for yet, if the deadline allows. Cancelling the task that waits cancels the
    call. What a call may ask for is told at `Ask`. Every method raises the subclasses of SwashError.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retries: int = DEFAULT_RETRIES,
        keepalive_s: float = DEFAULT_KEEPALIVE_S,
        credentials: grpc.ChannelCredentials | None = None,
        **access: Unpack[Access],
    ) -> None:
        """Connect at the first call; what a server may want before it answers is told at `Access`.

        `retries`, 0 to 100, is how often a sound is asked for again before something new of it comes; 0 never.
        After `keepalive_s`, 1 to 3600, of silence the server is asked whether it is there. `credentials` of gRPC's
        own making encrypt in place of `access`.
        """
        self._server = Server(address, credentials=credentials, keepalive_s=keepalive_s, **access)
        self._timeout_s = timeout_s
        self._retries = checked_retries(retries)
        self._channel = self._server.async_channel()
        self._stub = SoundServiceStub(self._channel)

    async def close(self) -> None:
        """Cancel the calls in flight and disconnect."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def render(
        self,
        prompt: str | None = None,
        *,
        encoding: PcmEncoding = "pcm_s16le",
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
        **ask: Unpack[Ask],
    ) -> Sound:
        """Return one whole sound, proved by its SHA-256.

        `on_progress` is told how far a neural sound is. When the connection breaks, the sound goes on at the frame
        where it broke off.
        """
        takes = await self._record(pcm_request(prompt, encoding, **ask), timeout_s, on_progress)
        return takes[0].sound()

    async def fetch(
        self,
        prompt: str | None = None,
        *,
        encoding: PcmEncoding = "pcm_s16le",
        timeout_s: float | None = None,
        **ask: Unpack[Ask],
    ) -> Sound:
        """Return one short sound, proved by its SHA-256, that comes in one message.

        For steps and clicks that are wanted whole: the same sound as `render`, for less work at either end. Above
        3 MiB of samples, 16 s of 16-bit stereo, the server refuses with a TooLargeError.
        """
        request = pcm_request(prompt, encoding, **ask)
        takes = await self._record(request, timeout_s, None, partial(AsyncFetched, self._stub.Fetch))
        return takes[0].sound()

    async def takes(
        self,
        prompt: str | None = None,
        *,
        count: int,
        encoding: PcmEncoding = "pcm_s16le",
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
        **ask: Unpack[Ask],
    ) -> list[Sound]:
        """Return 1 to 32 takes of one object, with seeds seed, seed + 1, ...; else as `render`."""
        takes = await self._record(pcm_request(prompt, encoding, count, **ask), timeout_s, on_progress)
        return [take.sound() for take in takes]

    async def render_file(
        self,
        prompt: str | None = None,
        *,
        encoding: FileEncoding = "wav",
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
        **ask: Unpack[Ask],
    ) -> SoundFile:
        """Return one whole sound as a file; else as `render`, but a break begins it anew.

        Its bytes are not proved.
        """
        takes = await self._record(file_request(prompt, encoding, **ask), timeout_s, on_progress)
        return takes[0].file()

    def stream(
        self,
        prompt: str | None = None,
        *,
        encoding: PcmEncoding = "pcm_s16le",
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
        **ask: Unpack[Ask],
    ) -> AsyncStream:
        """Return one sound as blocks while it is made; the deadline is for its last block.

        The first comes within the client's `timeout_s` even when the call has a longer one, unless its priority is
        low. Where the connection breaks, the sound goes on at the next frame: who listens hears no seam, and the
        SHA-256 is over all of it.
        `on_progress` is told how far a neural sound is while the stream is entered.
        """
        calls = self._calls(pcm_request(prompt, encoding, **ask), timeout_s)
        return AsyncStream(calls, calls.cancel, self._server.address, on_progress)

    def perform(
        self,
        *,
        timeout_s: float | None = None,
        on_ended: OnEnded | None = None,
        on_refused: OnRefused | None = None,
        **live: Unpack[Live],
    ) -> AsyncSession:
        """Return a live session: several voices in one output, steered while they sound.

        How it may travel is told at `Live`. `timeout_s` is for its opening and for each answer. A session does not
        survive its connection.
        """
        return AsyncSession(
            partial(self._stub.Perform, metadata=self._server.metadata),
            opening(**live),
            address=self._server.address,
            timeout_s=self._within_s(timeout_s),
            on_ended=on_ended,
            on_refused=on_refused,
        )

    def preload(
        self,
        manifest: Manifest,
        *,
        tag: str | None = None,
        priority: Priority | None = None,
        timeout_s: float = PRELOAD_TIMEOUT_S,
    ) -> AsyncGenerator[PreloadedTake | PreloadProgress]:
        """Have every sound of a manifest made and kept until `unload`; yield what becomes of them, as it does.

        `manifest` is told at `Manifest`; `tag` names its sounds together, else the manifest's own tag does. A take
        that fails has a `failure`, and the others go on. Ask again after a broken call: what is done is done.
        Leaving the iterator stops what is left. `timeout_s` is for all of it, an hour if it is not given; the
        first news comes within five minutes. `priority` as in `Ask`, else "preload".
        """
        return self._preloaded(preload_request(manifest, tag, priority), timeout_s)

    async def unload(self, tag: str, *, timeout_s: float | None = None) -> Unloaded:
        """Let go of what was preloaded under a tag; raise UnknownTagError when nothing is."""
        try:
            gone = await self._answer(self._stub.Unload, pb.UnloadRequest(tag=tag), timeout_s)
        except UnknownSoundError as error:
            raise UnknownTagError(str(error)) from error.__cause__
        return Unloaded(gone.takes, gone.stored_bytes)

    async def effects(self, *, timeout_s: float | None = None) -> tuple[Effect, ...]:
        """Return every effect with its parameters and presets."""
        return effects_of(await self._answer(self._stub.ListEffects, pb.ListEffectsRequest(), timeout_s))

    async def resolve(self, prompt: str, *, timeout_s: float | None = None) -> Resolution:
        """Return what the server understands from 1 to 1000 characters, making no sound."""
        request = pb.ResolvePromptRequest(prompt=prompt)
        return resolution_of(await self._answer(self._stub.ResolvePrompt, request, timeout_s))

    async def server_info(self, *, timeout_s: float | None = None) -> ServerInfo:
        """Return engines, versions, encodings and limits."""
        return server_info_of(await self._answer(self._stub.GetServerInfo, pb.GetServerInfoRequest(), timeout_s))

    async def _answer(self, method: Any, request: Any, timeout_s: float | None) -> Any:
        """Return the one answer to a request."""
        within_s = self._within_s(timeout_s)
        with typed_errors(self._server.address):
            return await method(request, timeout=within_s, metadata=self._server.metadata)

    def _calls(self, request: pb.RenderRequest, timeout_s: float | None, method: Any = None) -> AsyncCalls:
        """Return the events of a sound by Render, or by a `method` with the same events."""
        return AsyncCalls(
            method or self._stub.Render,
            Asking(request, retries=self._retries),
            address=self._server.address,
            metadata=self._server.metadata,
            timeout_s=self._within_s(timeout_s),
            first_s=self._timeout_s,
        )

    async def _record(
        self,
        request: pb.RenderRequest,
        timeout_s: float | None,
        on_progress: OnProgress | None,
        method: Any = None,
    ) -> list[Take]:
        """Return every take of a request."""
        recording = Recording(on_progress)
        calls = self._calls(request, timeout_s, method)
        try:
            async for event in calls:
                recording.take_in(event)
        finally:
            calls.cancel()
        return recording.takes(request.takes)

    async def _preloaded(
        self, request: pb.PreloadRequest, timeout_s: float
    ) -> AsyncGenerator[PreloadedTake | PreloadProgress]:
        with typed_errors(self._server.address):
            responses = self._stub.Preload(request, timeout=timeout_s, metadata=self._server.metadata)
            messages = aiter(responses)
            try:
                response = await first_of(messages, PRELOAD_FIRST_S, self._server.address)
                while response is not None:
                    if (event := preloaded_of(response)) is not None:
                        yield event
                    response = await anext(messages, None)
            finally:
                responses.cancel()

    def _within_s(self, timeout_s: float | None) -> float:
        return self._timeout_s if timeout_s is None else timeout_s
