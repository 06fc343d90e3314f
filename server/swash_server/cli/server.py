"""Which server a command asks, and what tells it who asks: the same options for all."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from swash_client import DEFAULT_ADDRESS
from swash_client.server import Server
from swash_server.cli.failure import told

Command = Callable[..., Any]

OF_A_SERVER = ("tls", "ca", "client_cert", "client_key", "token", "insecure_token")


def server_options(explained: str, *, always: bool = True) -> Callable[[Command], Command]:
    """Add the options: the command gets a Server, the one of this machine or None when none is named."""

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def asked(**given: Any) -> Any:
            with told():
                server = server_of(given)
            return command(server=server, **given)

        with_server: Command = asked
        for option in reversed(options(explained, default=DEFAULT_ADDRESS if always else None)):
            with_server = option(with_server)
        return with_server

    return add


def options(explained: str, *, default: str | None = None) -> list[Callable[[Command], Command]]:
    """Return the options; what they say of `--server` and what it is when nobody says anything."""
    pem = click.Path(dir_okay=False, path_type=Path)
    return [
        click.option(
            "--server",
            metavar="HOST:PORT",
            default=default,
            envvar="SWASH_SERVER",
            show_envvar=True,
            show_default=True,
            help=explained,
        ),
        click.option(
            "--token",
            envvar="SWASH_TOKEN",
            show_envvar=True,
            help="Tells the server who asks; rather in the environment, which others cannot see.",
        ),
        click.option(
            "--tls", is_flag=True, envvar="SWASH_TLS", show_envvar=True,
            help="Encrypt, trusting whom this machine trusts.",
        ),
        click.option(
            "--ca", type=pem, envvar="SWASH_CA", show_envvar=True,
            help="Encrypt, trusting the authorities of this PEM file.",
        ),
        click.option(
            "--client-cert", type=pem, envvar="SWASH_CLIENT_CERT", show_envvar=True,
            help="Encrypt, and prove who asks by this PEM file.",
        ),
        click.option(
            "--client-key", type=pem, envvar="SWASH_CLIENT_KEY", show_envvar=True, help="Its key, PEM."
        ),
        click.option(
            "--insecure-token", is_flag=True, help="Send the token to other machines unencrypted."
        ),
    ]  # fmt: skip


def server_of(given: dict[str, Any]) -> Server | None:
    """Take the options out of what was given; return the server, None when none is named.

    Raise UsageError for credentials that nobody is to see: a variable may stay unused, an option may not.
    """
    address = given.pop("server")
    access = {name: given.pop(name) for name in OF_A_SERVER}
    if address is not None:
        return Server(address, **access)
    for name in OF_A_SERVER:
        if on_command_line(name):
            raise click.UsageError(f"--{name.replace('_', '-')} is for a server; name one with --server")
    return None


def on_command_line(name: str) -> bool:
    """Return whether an option was given on the command line itself."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
