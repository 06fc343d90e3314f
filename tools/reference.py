"""Writes what of docs/reference/ follows from the code: effects, settings, commands, metrics, manifests.

    .venv/bin/python tools/reference.py

A test fails when a page is not what this writes. Pictures come from tools/draw_effects.py.
"""

import dataclasses
import json
import typing
from collections.abc import Iterator
from pathlib import Path

import click

from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import COMMON, Choice, Effect, Parameter
from swash_server.cli import main as command_line
from swash_server.manifests import manifest
from swash_server.observability.metrics import Metrics
from swash_server.settings import Settings

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return each page's text by file name."""
    return {
        "effects.md": "\n".join(_effects()) + "\n",
        "settings.md": "\n".join(_settings()) + "\n",
        "commands.md": "\n".join(_commands()) + "\n",
        "metrics.md": "\n".join(_metrics()) + "\n",
        "manifest.schema.json": json.dumps(manifest.schema(), indent=2) + "\n",
    }


def _effects() -> Iterator[str]:
    yield "# Effects\n"
    yield "Ask for one by id (`rain`) or preset (`rain/tin_roof`), or in words. `live` parameters may move while"
    yield "the sound plays. Every effect also has these:\n"
    yield from _parameter_table(COMMON)
    for effect in sorted(EFFECTS.values(), key=lambda effect: effect.id):
        yield from _effect(effect)


def _effect(effect: Effect) -> Iterator[str]:
    forms = (("one-shot", effect.one_shot), ("endless", effect.endless))
    kind = " or ".join(name for name, there in forms if there).capitalize()
    yield f"\n## {effect.id}\n"
    yield f"{effect.description} {kind}; UCS {effect.ucs_cat_id}; version {effect.version}.\n"
    yield f"![Waveform and spectrogram of {effect.id}](effects/{effect.id}.png)\n"
    yield from _parameter_table(effect.parameters)
    yield "\n| preset | what | UCS |\n|---|---|---|"
    for preset in effect.presets:
        yield f"| `{effect.id}/{preset.name}` | {preset.description} | {preset.ucs_cat_id} |"


def _parameter_table(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    yield "| parameter | range | default | live | what |\n|---|---|---|---|---|"
    for parameter in parameters:
        if isinstance(parameter, Choice):
            reach, default, live = ", ".join(parameter.choices), parameter.default, ""
        else:
            reach = f"{parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}".strip()
            default, live = f"{parameter.default:g}", "live" if parameter.live else ""
        yield f"| `{parameter.name}` | {reach} | {default} | {live} | {parameter.description} |"


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "Each is a flag of `swash serve` and an environment variable; the flag wins.\n"
    yield "| flag | environment | default | what |\n|---|---|---|---|"
    hints = typing.get_type_hints(Settings, include_extras=True)
    for field in dataclasses.fields(Settings):
        explained = typing.get_args(hints[field.name])[1]
        default = "the user's cache folder" if field.default is dataclasses.MISSING else f"`{field.default}`"
        flag = field.name.replace("_", "-")
        yield f"| `--{flag}` | `SWASH_{field.name.upper()}` | {default} | {explained} |"


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield f"`swash`: {_first_line(command_line)} Exit status: 0 done, 1 failed, 2 wrong request, 3 nothing"
    yield "sounds like these words, 4 the server is away, full or too slow."
    for name, command in _leaves(command_line):
        yield f"\n## swash {name}\n"
        yield f"{_first_line(command)}\n"
        if name == "serve":
            yield "Its options are the [settings](settings.md)."
            continue
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        arguments = [f"`{a.human_readable_name}`" for a in command.params if isinstance(a, click.Argument)]
        if arguments:
            yield f"Argument: {', '.join(arguments)}.\n"
        if options:
            yield "| option | what |\n|---|---|"
        for option in options:
            yield f"| {', '.join(f'`{name}`' for name in option.opts)} | {option.help} |"


def _leaves(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command by its name, those of a group after the group's."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _first_line(command: click.Command) -> str:
    return (command.help or "").strip().splitlines()[0]


def _metrics() -> Iterator[str]:
    yield "# Metrics\n"
    yield "`GET /metrics` on the HTTP port, in Prometheus' text format or, where `Accept` says so, OpenMetrics."
    yield "Seconds and bytes; never a prompt. What to do with them: [monitoring](../guides/monitoring.md).\n"
    yield "| metric | kind | labels | what |\n|---|---|---|---|"
    suffixes = {"counter": "_total", "info": "_info"}
    for collector in Metrics().registry._collector_to_names:  # no public way lists them before their first value
        labels = ", ".join(getattr(collector, "_labelnames", ()))
        for metric in collector.describe() if hasattr(collector, "describe") else collector.collect():
            name = f"{metric.name}{suffixes.get(metric.type, '')}"
            yield f"| `{name}` | {metric.type} | {labels} | {metric.documentation} |"


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)


if __name__ == "__main__":
    main()
