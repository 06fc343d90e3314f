"""`swash token`: who may call a server, in the file that `swash serve --tokens` reads."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from swash_server.callers import tokens
from swash_server.callers.identity import Role
from swash_server.callers.tokens import Entry, InvalidTokensError
from swash_server.cli.failure import INVALID, fail, told

FOR_OWNER = 0o600

file_option = click.option(
    "--tokens", "path", type=click.Path(dir_okay=False, path_type=Path), envvar="SWASH_TOKENS", required=True,
    show_envvar=True, help="The file.",
)  # fmt: skip
role_option = click.option(
    "--role", "roles", type=click.Choice([role.value for role in Role]), multiple=True, default=("play",),
    show_default=True, help="What the caller may do; repeatable. admin may do everything.",
)  # fmt: skip
days_option = click.option(
    "--days", type=click.FloatRange(0, 36_500, min_open=True), help="Days until it works no more; without, never."
)


@click.group()
def token() -> None:
    """Say who may call a server: make tokens, list them, take them away.

    A running server reads the file again within a second after it changed.
    """


@token.command()
@click.argument("name")
@role_option
@days_option
@file_option
def new(name: str, roles: tuple[str, ...], days: float | None, path: Path) -> None:
    """Print a new token of the caller NAME, once: the file keeps its hash alone.

    A name may have several tokens, so that a new one is handed out before the old one is removed.
    """
    made = tokens.made()
    _add(path, Entry(name, frozenset(map(Role, roles)), tokens.digest_of(made), _until(days)))
    click.echo(made)


@token.command()
@click.argument("name")
@role_option
@days_option
@file_option
def trust(name: str, roles: tuple[str, ...], days: float | None, path: Path) -> None:
    """Let in whoever has a client certificate with NAME in it: a host name, an e-mail address, a SPIFFE id."""
    _add(path, Entry(name, frozenset(map(Role, roles)), None, _until(days)))


@token.command(name="list")
@file_option
def list_(path: Path) -> None:
    """List who may call: name, roles, id of the token or certificate, and until when."""
    with told():
        for entry in tokens.read(path):
            roles = ",".join(sorted(role.value for role in entry.roles))
            until = "" if entry.until is None else f"until {entry.until.strftime(tokens.UNTIL)}"
            click.echo(f"{entry.name:24} {roles:16} {entry.id or tokens.CERTIFICATE:12} {until}".rstrip())


@token.command()
@click.argument("name")
@click.option(
    "--id", "digits", default="", metavar="ID", help="Only the token of this id; see `swash token list`."
)
@file_option
def remove(name: str, digits: str, path: Path) -> None:
    """Take away every token of NAME, or one of them. Calls that run go on to their end."""
    with told(), _rewriting(path) as text:
        ids = {entry.id for entry in tokens.parsed(text.old) if entry.name == name}
        if digits and digits not in ids:
            fail(f"id: {name} has none of {digits[:80]!r}", INVALID)
        text.new, gone = tokens.lines_without(text.old, name, digits)
        if not gone:
            fail(f"name: nothing of {name[:80]!r} is in {path}", INVALID)
    click.echo(f"{gone} removed", err=True)


class _Text:
    """A file's text, and what it becomes."""

    def __init__(self, old: str) -> None:
        self.old = self.new = old


@contextmanager
def _rewriting(path: Path) -> Iterator[_Text]:
    """Give a file's text, and move what it becomes into its place whole: a server never reads half of it."""
    text = _Text(path.read_text(encoding="utf-8") if path.exists() else "")
    yield text
    tokens.parsed(text.new)  # raises before anything is lost
    path = path.resolve()
    mode = path.stat().st_mode & 0o777 if path.exists() else FOR_OWNER
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text.new)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _add(path: Path, entry: Entry) -> None:
    with told():
        if not tokens.NAME.fullmatch(entry.name):
            raise InvalidTokensError(f"name: 1 to 200 of A-Z a-z 0-9 . _ : / @ -, got {entry.name[:80]!r}")
        with _rewriting(path) as text:
            end = "" if not text.old or text.old.endswith("\n") else "\n"
            text.new = f"{text.old}{end}{entry.line()}\n"


def _until(days: float | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)
