"""Who may call: a file of names with their roles, each known by a token or by a certificate.

    # name      roles      by what, and perhaps until when
    game        play       sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    builds      bake,play  sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752 until=2027-...
    ops.example admin      certificate

A token is 256 random bits, and only its SHA-256 is kept. A slow hash such as scrypt guards what people think up
and others guess; of 2^256 tokens none is ever guessed, and it would cost each call fifty milliseconds.
"""

import base64
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from swash_server.callers.identity import Identity, Role
from swash_server.settings import InvalidSettingError

PREFIX = "swash_"  # by which scanners find a token that slipped into a repository
TOKEN_BYTES = 32
MAX_FILE_BYTES = 1024 * 1024
MAX_LINES = 1000  # each call is compared with all of them
MAX_TOKEN_CHARACTERS = 200
LOOK_S = 1.0  # between two looks at the file: a token that was taken away works no longer than this
ID_DIGITS = 8
CERTIFICATE = "certificate"
NAME = re.compile(r"[A-Za-z0-9._:/@-]{1,200}")  # host names, e-mail addresses, SPIFFE ids
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
UNTIL = "%Y-%m-%dT%H:%M:%SZ"

log = logging.getLogger(__name__)


class InvalidTokensError(InvalidSettingError):
    """The file of tokens cannot be read, or a line of it is wrong. The message holds no hash."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: a caller, known by the SHA-256 of a token or, without one, by a name in a certificate."""

    name: str
    roles: frozenset[Role]
    digest: bytes | None
    until: datetime | None = None

    @property
    def id(self) -> str:
        """Return what tells tokens of one name apart; "" of a certificate."""
        return "" if self.digest is None else self.digest.hex()[:ID_DIGITS]

    @property
    def identity(self) -> Identity:
        """Return the caller."""
        return Identity(self.name, self.roles)

    def line(self) -> str:
        """Return the line as it stands in the file."""
        roles = ",".join(sorted(role.value for role in self.roles))
        what = CERTIFICATE if self.digest is None else f"sha256:{self.digest.hex()}"
        until = "" if self.until is None else f" until={self.until.strftime(UNTIL)}"
        return f"{self.name} {roles} {what}{until}"


def made() -> str:
    """Return a new token."""
    return PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=")


def digest_of(token: str) -> bytes:
    """Return what the file keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a file; raise InvalidTokensError, which names the line, for what is wrong in it."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidTokensError(f"tokens: {path} cannot be read ({error.strerror})") from error
    if len(data) > MAX_FILE_BYTES:
        raise InvalidTokensError(f"tokens: {path}: at most {MAX_FILE_BYTES} bytes")
    try:
        return parsed(data.decode())
    except UnicodeDecodeError as error:
        raise InvalidTokensError(f"tokens: {path}: text in UTF-8") from error
    except InvalidTokensError as error:
        raise InvalidTokensError(f"tokens: {path}: {error}") from error


def parsed(text: str) -> tuple[Entry, ...]:
    """Return the entries of a text; raise InvalidTokensError."""
    entries: list[Entry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if words := line.partition("#")[0].split():
            if len(entries) == MAX_LINES:
                raise InvalidTokensError(f"at most {MAX_LINES} lines")
            entries.append(_entry(words, number))
    return tuple(entries)


def roles_of(text: str) -> frozenset[Role]:
    """Return roles from "play,bake"; raise InvalidTokensError for another word."""
    try:
        return frozenset(Role(word) for word in text.split(","))
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise InvalidTokensError(f"roles: some of {known} with commas between, got {text[:80]!r}") from error


def until_of(text: str) -> datetime:
    """Return the end of a token's time, UTC; raise InvalidTokensError."""
    try:
        return datetime.strptime(text, UNTIL).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidTokensError(f"until: a time as 2027-06-30T00:00:00Z, got {text[:80]!r}") from error


def _entry(words: Sequence[str], number: int) -> Entry:
    # What stands in a wrong line may be a token that somebody took for its hash: it is not repeated.
    if len(words) not in {3, 4}:
        raise InvalidTokensError(f"line {number}: name, roles, sha256:... or certificate, and perhaps until=...")
    name, roles, what, *rest = words
    if not NAME.fullmatch(name):
        raise InvalidTokensError(f"line {number}: a name is 1 to 200 of A-Z a-z 0-9 . _ : / @ -")
    found = _DIGEST.fullmatch(what)
    if found is None and what != CERTIFICATE:
        raise InvalidTokensError(f"line {number}: after the roles sha256: and 64 hex digits, or {CERTIFICATE}")
    until = None
    try:
        if rest:
            key, _, value = rest[0].partition("=")
            if key != "until":
                raise InvalidTokensError("after the hash only until=...")
            until = until_of(value)
        return Entry(name, roles_of(roles), bytes.fromhex(found[1]) if found else None, until)
    except InvalidTokensError as error:
        raise InvalidTokensError(f"line {number}: {error}") from error


class Tokens:
    """The file while a server runs: read again when it changed. Lives on the event loop; a look is one stat.

    A file that is gone or wrong changes nothing, and the log says so: an operator's slip locks nobody out, and
    lets nobody in.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_read: Callable[[bool], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Read the file; raise InvalidTokensError. `on_read` hears whether reading it again went well."""
        self._path = path
        self._on_read = on_read
        self._clock, self._now = clock, now
        self._seen = _signature(path)
        self._entries = read(path)
        self._looked_s = clock()

    def of_token(self, token: str) -> Identity | None:
        """Return whose token this is; None of one that is unknown, or whose time is over."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            return None
        given, found = digest_of(token), None
        for entry in self._current():  # all of them, equally long each: the time tells nothing
            if entry.digest is not None and hmac.compare_digest(entry.digest, given):
                found = entry
        return None if found is None or self._is_over(found) else found.identity

    def of_certificate(self, names: Sequence[str]) -> Identity | None:
        """Return the first caller whose name stands in a certificate, None when none is known by one."""
        for entry in self._current():
            if entry.digest is None and entry.name in names and not self._is_over(entry):
                return entry.identity
        return None

    def _is_over(self, entry: Entry) -> bool:
        return entry.until is not None and self._now() >= entry.until

    def _current(self) -> tuple[Entry, ...]:
        now_s = self._clock()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._look()
        return self._entries

    def _look(self) -> None:
        seen = _signature(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._entries = read(self._path)
        except InvalidTokensError as error:
            log.error("the old tokens stay: %s", error)
            self._on_read(False)
        else:
            log.info("read the tokens again: %d lines", len(self._entries))
            self._on_read(True)


def _signature(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file, None of one that is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def lines_without(text: str, name: str, digits: str) -> tuple[str, int]:
    """Return a file's text without the lines of a name, and how many those were.

    `digits` are the first of a hash, "" of every line of the name. Comments stay.
    """
    kept = list(_kept(text, name, digits))
    return "".join(kept), len(text.splitlines()) - len(kept)


def _kept(text: str, name: str, digits: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        words = line.partition("#")[0].split()
        if len(words) < 3 or words[0] != name or not words[2].removeprefix("sha256:").startswith(digits):
            yield line
