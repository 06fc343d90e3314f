"""The async client."""

import time
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self, Unpack

import grpc

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client.async_session import AsyncSession
from swash_client.async_stream import AsyncStream
from swash_client.catalogue import Effect, Resolution, ServerInfo
from swash_client.errors import UnavailableError, UnknownSoundError, UnknownTagError
from swash_client.live import Live, OnEnded, OnRefused, opening
from swash_client.preload import Manifest, PreloadedTake, PreloadProgress, Unloaded, preload_request
from swash_client.recording import OnProgress, Recording, Take
from swash_client.request import (
    DEFAULT_ADDRESS,
    DEFAULT_TIMEOUT_S,
    PRELOAD_TIMEOUT_S,
    Ask,
    FileEncoding,
    PcmEncoding,
    file_request,
    pcm_request,
    pinned,
)
from swash_client.sound import Sound, SoundFile
from swash_client.status import typed_errors
from swash_client.wire import effects_of, preloaded_of, resolution_of, server_info_of


class AsyncClient:
    """Asks a swash server for sounds on an event loop; make it, use it and close it on one loop.

    Use it in `async with`, or await `close`. Every call has a deadline: `timeout_s` of the call, else of the
    client, else 60 s; when it passes, DeadlineError. Cancelling the task that waits cancels the call. What a
    call may ask for is told at `Ask`. Every method raises the subclasses of SwashError.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """Connect at the first call; `credentials` encrypt, as from `grpc.ssl_channel_credentials()`."""
        self._address = address
        self._timeout_s = timeout_s
        # The largest messages, 128 KiB of audio or a list of effects, fit gRPC's own limit of 4 MiB.
        self._channel = (
            grpc.aio.secure_channel(address, credentials) if credentials else grpc.aio.insecure_channel(address)
        )
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

        `on_progress` is told how far a neural sound is. When the connection breaks after the server began, the
        sound is asked for once more from its start, within the same deadline: the server remembers what it made.
        """
        takes = await self._record(pcm_request(prompt, encoding, **ask), timeout_s, on_progress)
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
        """Return one whole sound as a file; else as `render`, but that the bytes are not proved."""
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

        `on_progress` is told how far a neural sound is while the stream is entered.
        """
        call = self._stub.Render(pcm_request(prompt, encoding, **ask), timeout=self._within_s(timeout_s))
        return AsyncStream(aiter(call), call.cancel, self._address, on_progress)

    def perform(
        self,
        *,
        timeout_s: float | None = None,
        on_ended: OnEnded | None = None,
        on_refused: OnRefused | None = None,
        **live: Unpack[Live],
    ) -> AsyncSession:
        """Return a live session: several voices in one output, steered while they sound.

        How it may travel is told at `Live`. `timeout_s` is for its opening and for each answer.
        """
        return AsyncSession(
            self._stub.Perform,
            opening(**live),
            address=self._address,
            timeout_s=self._within_s(timeout_s),
            on_ended=on_ended,
            on_refused=on_refused,
        )

    def preload(
        self, manifest: Manifest, *, tag: str | None = None, timeout_s: float = PRELOAD_TIMEOUT_S
    ) -> AsyncGenerator[PreloadedTake | PreloadProgress]:
        """Have every sound of a manifest made and kept until `unload`; yield what becomes of them, as it does.

        `manifest` is told at `Manifest`; `tag` names its sounds together, else the manifest's own tag does. A take
        that fails has a `failure`, and the others go on. Ask again after a broken call: what is done is done.
        Leaving the iterator stops what is left. `timeout_s` is for all of it, an hour if it is not given.
        """
        return self._preloaded(preload_request(manifest, tag), timeout_s)

    async def unload(self, tag: str, *, timeout_s: float | None = None) -> Unloaded:
        """Let go of what was preloaded under a tag; raise UnknownTagError when nothing is."""
        try:
            with typed_errors(self._address):
                gone = await self._stub.Unload(pb.UnloadRequest(tag=tag), timeout=self._within_s(timeout_s))
        except UnknownSoundError as error:
            raise UnknownTagError(str(error)) from error.__cause__
        return Unloaded(gone.takes, gone.stored_bytes)

    async def effects(self, *, timeout_s: float | None = None) -> tuple[Effect, ...]:
        """Return every effect with its parameters and presets."""
        with typed_errors(self._address):
            return effects_of(
                await self._stub.ListEffects(pb.ListEffectsRequest(), timeout=self._within_s(timeout_s))
            )

    async def resolve(self, prompt: str, *, timeout_s: float | None = None) -> Resolution:
        """Return what the server understands from 1 to 1000 characters, making no sound."""
        request = pb.ResolvePromptRequest(prompt=prompt)
        with typed_errors(self._address):
            return resolution_of(await self._stub.ResolvePrompt(request, timeout=self._within_s(timeout_s)))

    async def server_info(self, *, timeout_s: float | None = None) -> ServerInfo:
        """Return engines, versions, encodings and limits."""
        with typed_errors(self._address):
            return server_info_of(
                await self._stub.GetServerInfo(pb.GetServerInfoRequest(), timeout=self._within_s(timeout_s))
            )

    async def _record(
        self, request: pb.RenderRequest, timeout_s: float | None, on_progress: OnProgress | None
    ) -> list[Take]:
        """Return every take of a request, asked for again when the connection breaks on the way."""
        deadline_s = time.monotonic() + self._within_s(timeout_s)
        recording = Recording(on_progress)
        try:
            await self._receive(request, recording, deadline_s)
        except UnavailableError:
            if not recording.began:
                raise
            if recording.first_header is not None:
                request = pinned(request, recording.first_header)
            recording = Recording(on_progress)
            await self._receive(request, recording, deadline_s)
        return recording.takes(request.takes)

    async def _receive(self, request: pb.RenderRequest, recording: Recording, deadline_s: float) -> None:
        """Record a call to its end."""
        with typed_errors(self._address):
            events = self._stub.Render(request, timeout=max(0.0, deadline_s - time.monotonic()))
            try:
                async for event in events:
                    recording.take_in(event)
            finally:
                events.cancel()

    async def _preloaded(
        self, request: pb.PreloadRequest, timeout_s: float
    ) -> AsyncGenerator[PreloadedTake | PreloadProgress]:
        with typed_errors(self._address):
            responses = self._stub.Preload(request, timeout=timeout_s)
            try:
                async for response in responses:
                    if (event := preloaded_of(response)) is not None:
                        yield event
            finally:
                responses.cancel()

    def _within_s(self, timeout_s: float | None) -> float:
        return self._timeout_s if timeout_s is None else timeout_s
