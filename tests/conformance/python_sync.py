"""The script over swash_client.Client."""

from contextlib import ExitStack
from pathlib import Path

from swash.v1 import sound_pb2 as pb
from swash_client import Block, Client, Command, SwashError, Voice
from swash_client.live import Answer
from tests.conformance import python_messages as messages
from tests.conformance.guarded import Guarded
from tests.conformance.observed import Observed
from tests.conformance.script import Call, read_lines


def observe(script: Path, server: Guarded, _kind: str) -> list[str]:
    """Make every call of a script; return a line of each."""
    lines = []
    with ExitStack() as stack:
        clients: dict[str | None, Client] = {}
        for call in read_lines(script):
            if call.token not in clients:
                client = Client(server.address, token=call.token, ca=server.ca)
                clients[call.token] = stack.enter_context(client)
            lines.append(_observed(clients[call.token], call).line)
    return lines


def _observed(client: Client, call: Call) -> Observed:
    events: list[bytes] = []
    try:
        _make(client, call, events)
    except (SwashError, messages.LeftError) as error:
        return messages.ended(call.name, error, events)
    return Observed(call.name, 0, events=tuple(events))


def _make(client: Client, call: Call, events: list[bytes]) -> None:
    request = call.requests[0]
    timeout_s = None if call.timeout_ms is None else call.timeout_ms / 1000.0
    match request:
        case pb.RenderRequest():
            _render(client, request, timeout_s, call.cancel_after_events, events)
        case pb.PerformRequest():
            _perform(client, call, events)
        case pb.PreloadRequest():
            events.extend(
                map(messages.preload_event, client.preload(messages.manifest_of(request), tag=request.tag))
            )
        case pb.UnloadRequest():
            events.append(messages.unload_event(client.unload(request.tag)))
        case pb.ListEffectsRequest():
            events.append(messages.effects_event(client.effects()))
        case pb.ResolvePromptRequest():
            understood = messages.filled(pb.ResolvePromptResponse(), client.resolve(request.prompt))
            events.append(understood.SerializeToString())
        case pb.GetServerInfoRequest():
            info = messages.filled(pb.GetServerInfoResponse(), client.server_info())
            events.append(info.SerializeToString())


def _render(
    client: Client,
    request: pb.RenderRequest,
    timeout_s: float | None,
    leave_after: int | None,
    events: list[bytes],
) -> None:
    asked = messages.keywords_of(request)
    if count := asked.pop("takes", None):
        for sound in client.takes(count=count, timeout_s=timeout_s, **asked):
            events.extend(messages.take_events(sound))
    elif asked["encoding"] not in messages.PCM:
        events.extend(messages.take_events(client.render_file(timeout_s=timeout_s, **asked)))
    else:
        with client.stream(timeout_s=timeout_s, **asked) as stream:
            events.append(messages.header_event(stream.header))
            frames = 0
            for block in stream:
                events.append(messages.audio_event(messages.pcm_of(block, stream.header.encoding), frames))
                frames += len(block)
                if len(events) == leave_after:
                    raise messages.LeftError
            events.append(messages.trailer_event(stream.trailer))


def _perform(client: Client, call: Call, events: list[bytes]) -> None:
    first, *requests = [request for request in call.requests if isinstance(request, pb.PerformRequest)]
    ended: list[tuple[int, int]] = []
    voices: dict[int, Voice[Command]] = {}
    blocks: list[Block] = []
    with client.perform(
        on_ended=lambda voice, frame: ended.append((voice, frame)),
        on_refused=lambda _: None,
        **messages.live_keywords_of(first.open),
    ) as session:
        commands = [messages.commanded(session, voices, request) for request in requests]
        session.finish()
        for block in session:
            blocks.append(block)
            if len(blocks) == call.cancel_after_events:
                answers = [_answer(command) for command in commands if command.answered]
                events.extend(messages.session_events(requests, answers, blocks, ended, session.opened))
                raise messages.LeftError
        answers = [_answer(command) for command in commands]
        events.extend(messages.session_events(requests, answers, blocks, ended, session.opened))
        events.append(messages.closed_event(session.closed, blocks, session.opened.encoding, session.log))


def _answer(command: Command) -> Answer:
    try:
        return command.applied()
    except SwashError as error:
        return error
