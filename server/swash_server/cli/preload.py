"""`swash preload` and `swash unload`: sounds that a running server makes before they are needed."""

from pathlib import Path
from typing import get_args

import click

from swash_client import Client, InvalidRequestError, PreloadedTake, PreloadProgress, Priority
from swash_client.server import Server
from swash_server.cli.failure import FAILED, INVALID, fail, told
from swash_server.cli.progress import Count
from swash_server.cli.server import server_options

REMEMBERED = {"memory", "store", "shared"}


@click.command()
@click.argument("manifest", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tag", help="Names the sounds together; by default the manifest's own tag.")
@server_options("The server.")
@click.option(
    "--priority",
    type=click.Choice(get_args(Priority)),
    help="Who goes first when the server is busy; preload by default.",
)
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), default=3600.0, show_default=True,
    help="Seconds that the server may take.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def preload(
    manifest: Path, tag: str | None, server: Server, priority: Priority | None, timeout_s: float, quiet: bool
) -> None:
    """Have a server make every sound of MANIFEST and keep it until `swash unload`."""
    found = failed = 0
    last: PreloadedTake | None = None
    with (
        told(),
        Client(server.address, **server.access) as client,
        Count("preloading", 0, shown=not quiet) as count,
    ):
        try:
            for event in client.preload(manifest, tag=tag, priority=priority, timeout_s=timeout_s):
                count.reach(event.done, event.total)
                if isinstance(event, PreloadProgress):
                    continue
                last = event
                found += event.cached in REMEMBERED
                if event.failure:
                    failed += 1
                    count.say(f"swash: {_named(event)}: {event.failure}")
        except InvalidRequestError as error:
            count.stop()
            lines = [f"{violation.field}: {violation.description}" for violation in error.violations]
            fail("\n".join(lines) or str(error), INVALID)
    total = 0 if last is None else last.total
    if not quiet:
        parts = [f"{total - failed} takes are kept", f"{found} were remembered"]
        click.echo(", ".join([*parts, *([f"{failed} failed"] if failed else [])]), err=True)
    raise SystemExit(FAILED if failed else 0)


@click.command()
@click.argument("tag")
@server_options("The server.")
def unload(tag: str, server: Server) -> None:
    """Let a server forget what was preloaded under TAG."""
    with told(), Client(server.address, **server.access) as client:
        gone = client.unload(tag)
        click.echo(f"{gone.takes} takes, {gone.stored_bytes / 1e6:.1f} MB, may be forgotten", err=True)


def _named(event: PreloadedTake) -> str:
    return f"sounds[{event.sound}]{f' {event.name}' if event.name else ''} take {event.take + 1}"
