"""The script over swash_client.AsyncClient."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from swash.v1 import sound_pb2 as pb
from swash_client import AsyncClient, AsyncCommand, Block, SwashError, Voice
from swash_client.live import Answer
from tests.conformance import python_messages as messages
from tests.conformance.guarded import Guarded
from tests.conformance.observed import Observed
from tests.conformance.script import Call, read_lines


def observe(script: Path, server: Guarded, _kind: str) -> list[str]:
    """Make every call of a script; return a line of each."""

    async def observed() -> list[str]:
        lines = []
        async with AsyncExitStack() as stack:
            clients: dict[str | None, AsyncClient] = {}
            for call in read_lines(script):
                if call.token not in clients:
                    client = AsyncClient(server.address, token=call.token, ca=server.ca)
                    clients[call.token] = await stack.enter_async_context(client)
                lines.append((await _observed(clients[call.token], call)).line)
        return lines

    return asyncio.run(observed())


async def _observed(client: AsyncClient, call: Call) -> Observed:
    events: list[bytes] = []
    try:
        await _make(client, call, events)
    except (SwashError, messages.LeftError) as error:
        return messages.ended(call.name, error, events)
    return Observed(call.name, 0, events=tuple(events))


async def _make(client: AsyncClient, call: Call, events: list[bytes]) -> None:
    request = call.requests[0]
    timeout_s = None if call.timeout_ms is None else call.timeout_ms / 1000.0
    match request:
        case pb.RenderRequest():
            await _render(client, request, timeout_s, call.cancel_after_events, events)
        case pb.PerformRequest():
            await _perform(client, call, events)
        case pb.PreloadRequest():
            async for event in client.preload(messages.manifest_of(request), tag=request.tag):
                events.append(messages.preload_event(event))  # noqa: PERF401 - what came stays
        case pb.UnloadRequest():
            events.append(messages.unload_event(await client.unload(request.tag)))
        case pb.ListEffectsRequest():
            events.append(messages.effects_event(await client.effects()))
        case pb.ResolvePromptRequest():
            understood = messages.filled(pb.ResolvePromptResponse(), await client.resolve(request.prompt))
            events.append(understood.SerializeToString())
        case pb.GetServerInfoRequest():
            info = messages.filled(pb.GetServerInfoResponse(), await client.server_info())
            events.append(info.SerializeToString())


async def _render(
    client: AsyncClient,
    request: pb.RenderRequest,
    timeout_s: float | None,
    leave_after: int | None,
    events: list[bytes],
) -> None:
    asked = messages.keywords_of(request)
    if count := asked.pop("takes", None):
        for sound in await client.takes(count=count, timeout_s=timeout_s, **asked):
            events.extend(messages.take_events(sound))
    elif asked["encoding"] not in messages.PCM:
        events.extend(messages.take_events(await client.render_file(timeout_s=timeout_s, **asked)))
    else:
        async with client.stream(timeout_s=timeout_s, **asked) as stream:
            events.append(messages.header_event(stream.header))
            frames = 0
            async for block in stream:
                events.append(messages.audio_event(messages.pcm_of(block, stream.header.encoding), frames))
                frames += len(block)
                if len(events) == leave_after:
                    raise messages.LeftError
            events.append(messages.trailer_event(stream.trailer))


async def _perform(client: AsyncClient, call: Call, events: list[bytes]) -> None:
    first, *requests = [request for request in call.requests if isinstance(request, pb.PerformRequest)]
    ended: list[tuple[int, int]] = []
    voices: dict[int, Voice[AsyncCommand]] = {}
    blocks: list[Block] = []
    async with client.perform(
        on_ended=lambda voice, frame: ended.append((voice, frame)),
        on_refused=lambda _: None,
        **messages.live_keywords_of(first.open),
    ) as session:
        commands = [messages.commanded(session, voices, request) for request in requests]
        session.finish()
        async for block in session:
            blocks.append(block)
            if len(blocks) == call.cancel_after_events:
                answers = [await _answer(command) for command in commands if command.answered]
                events.extend(messages.session_events(requests, answers, blocks, ended, session.opened))
                raise messages.LeftError
        answers = [await _answer(command) for command in commands]
        events.extend(messages.session_events(requests, answers, blocks, ended, session.opened))
        events.append(messages.closed_event(session.closed, blocks, session.opened.encoding, session.log))


async def _answer(command: AsyncCommand) -> Answer:
    try:
        return await command.applied()
    except SwashError as error:
        return error
