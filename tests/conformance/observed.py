"""What a client saw of one call, as a line of text and back."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from tests.conformance.script import ABSENT

PREFIX = "CALL"


@dataclass(frozen=True)
class Observed:
    """How a call ended, by gRPC's number, and every response message as the client would write it again."""

    name: str
    code: int
    message: str = ""
    field: str = ""
    suggestions: tuple[str, ...] = ()
    retry_ms: int | None = None
    events: tuple[bytes, ...] = ()

    @property
    def line(self) -> str:
        """The line that a runner says."""
        return "\t".join(
            [
                PREFIX,
                self.name,
                str(self.code),
                _text(self.message),
                self.field or ABSENT,
                _text(";".join(self.suggestions)),
                ABSENT if self.retry_ms is None else str(self.retry_ms),
                ",".join(base64.b64encode(event).decode() for event in self.events) if self.events else ABSENT,
            ]
        )


def read_observed(lines: Iterable[str]) -> dict[str, Observed]:
    """Return what was seen of each call, by its name; lines that are no observation are passed over."""
    seen = {}
    for line in lines:
        if line.startswith(f"{PREFIX}\t"):
            _, name, code, message, field, suggestions, retry_ms, events = line.rstrip("\r\n").split("\t")
            assert name not in seen, f"{name}: seen twice"
            seen[name] = Observed(
                name=name,
                code=int(code),
                message=_of_text(message),
                field="" if field == ABSENT else field,
                suggestions=tuple(filter(None, _of_text(suggestions).split(";"))),
                retry_ms=None if retry_ms == ABSENT else int(retry_ms),
                # An empty message is an empty text; none at all is the dash.
                events=() if events == ABSENT else tuple(map(base64.b64decode, events.split(","))),
            )
    return seen


def _text(text: str) -> str:
    return base64.b64encode(text.encode()).decode() or ABSENT


def _of_text(text: str) -> str:
    return "" if text == ABSENT else base64.b64decode(text).decode()
