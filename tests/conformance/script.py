"""The script of calls: what every client is made to ask, and what it must see."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from swash.v1 import sound_pb2 as pb

SCRIPT = Path(__file__).parent / "script.json"
ABSENT = "-"
REQUESTS: dict[str, type[Message]] = {
    "Render": pb.RenderRequest,
    "Fetch": pb.FetchRequest,
    "Perform": pb.PerformRequest,
    "Preload": pb.PreloadRequest,
    "Unload": pb.UnloadRequest,
    "ListEffects": pb.ListEffectsRequest,
    "ResolvePrompt": pb.ResolvePromptRequest,
    "GetServerInfo": pb.GetServerInfoRequest,
    "Listen": pb.ListenRequest,
    "Control": pb.ControlRequest,
}
RESPONSES: dict[str, type[Message]] = {
    "Render": pb.RenderResponse,
    "Fetch": pb.FetchResponse,
    "Perform": pb.PerformResponse,
    "Preload": pb.PreloadResponse,
    "Unload": pb.UnloadResponse,
    "ListEffects": pb.ListEffectsResponse,
    "ResolvePrompt": pb.ResolvePromptResponse,
    "GetServerInfo": pb.GetServerInfoResponse,
    "Listen": pb.PerformResponse,
    "Control": pb.ControlResponse,
}


@dataclass(frozen=True)
class Call:
    """One call of the script; only Perform has more than one request. `expect` is told in README.md.

    `token` is what the script calls it, or, as a runner reads it, the token itself; None for none.
    """

    name: str
    rpc: str
    requests: tuple[Message, ...]
    timeout_ms: int | None
    cancel_after_events: int | None
    token: str | None
    needs: str | None
    expect: dict[str, Any] = field(hash=False)

    def line(self, tokens: Mapping[str, str]) -> str:
        """Return the call as a runner reads it, with the token itself."""
        requests = ",".join(base64.b64encode(request.SerializeToString()).decode() for request in self.requests)
        numbers = (
            ABSENT if number is None else str(number) for number in (self.timeout_ms, self.cancel_after_events)
        )
        token = ABSENT if self.token is None else tokens[self.token]
        return "\t".join([self.name, self.rpc, requests, *numbers, token])


def read_script() -> tuple[Call, ...]:
    """Return every call of script.json."""
    return tuple(_call(**entry) for entry in json.loads(SCRIPT.read_text(encoding="utf-8")))


def write_script(calls: tuple[Call, ...], path: Path, tokens: Mapping[str, str]) -> None:
    """Write the calls for a runner, one a line."""
    path.write_text("".join(f"{call.line(tokens)}\n" for call in calls), encoding="utf-8")


def read_lines(path: Path) -> tuple[Call, ...]:
    """Return the calls of a script as a runner in Python reads them."""
    calls = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, rpc, requests, timeout_ms, cancel_after_events, token = line.split("\t")
        calls.append(
            Call(
                name=name,
                rpc=rpc,
                requests=tuple(
                    REQUESTS[rpc].FromString(base64.b64decode(request)) for request in requests.split(",")
                ),
                timeout_ms=_number(timeout_ms),
                cancel_after_events=_number(cancel_after_events),
                token=None if token == ABSENT else token,
                needs=None,
                expect={},
            )
        )
    return tuple(calls)


def _call(
    *,
    name: str,
    rpc: str,
    expect: dict[str, Any],
    request: dict[str, Any] | None = None,
    requests: list[dict[str, Any]] | None = None,
    fill: dict[str, dict[str, Any]] | None = None,
    timeout_ms: int | None = None,
    cancel_after_events: int | None = None,
    token: str = "all",
    needs: str | None = None,
) -> Call:
    given = requests if request is None else [request]
    assert given is not None, f"{name}: a request"
    messages = tuple(json_format.ParseDict(each, REQUESTS[rpc]()) for each in given)
    for long_field, what in (fill or {}).items():
        text = what["text"] * what["times"]
        is_text = isinstance(getattr(messages[0], long_field), str)
        setattr(messages[0], long_field, text if is_text else text.encode())
    return Call(
        name, rpc, messages, timeout_ms, cancel_after_events, None if token == "none" else token, needs, expect
    )


def _number(text: str) -> int | None:
    return None if text == ABSENT else int(text)
