"""The command `swash`."""

import click

from swash_server.cli.admin import admin
from swash_server.cli.bake import bake
from swash_server.cli.check import check
from swash_server.cli.doctor import doctor
from swash_server.cli.effects import effects
from swash_server.cli.model import model
from swash_server.cli.play import play
from swash_server.cli.preload import preload, unload
from swash_server.cli.render import render
from swash_server.cli.replay import replay
from swash_server.cli.serve import serve
from swash_server.cli.token import token


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="swash")
def main() -> None:
    """Sound effects for games, from words.

    Exit status: 0 done, 1 failed, 2 something in the request or on the command line is wrong,
    3 nothing sounds like these words, 4 the server is away, full or too slow.
    """


for command in (serve, render, play, replay, bake, check, preload, unload, effects, model, doctor, token, admin):
    main.add_command(command)
