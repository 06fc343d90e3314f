"""`swash effects`: what can be asked for."""

import json

import click
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.table import Table

from swash.v1 import sound_pb2
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client.server import Server
from swash_client.status import typed_errors
from swash_server.cli.failure import told
from swash_server.cli.server import server_options

TIMEOUT_S = 10.0
KINDS = {
    sound_pb2.EFFECT_KIND_ONE_SHOT: "one-shot",
    sound_pb2.EFFECT_KIND_ENDLESS: "endless",
    sound_pb2.EFFECT_KIND_EITHER: "either",
}


@click.command()
@click.argument("effect", required=False)
@server_options("Ask a server; without, the effects that are here.", always=False)
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def effects(effect: str | None, server: Server | None, as_json: bool) -> None:
    """List the effects, or tell all about one EFFECT."""
    with told():
        known = _effects(server)
        if effect is not None:
            known = [described for described in known if described.id == effect]
            if not known:
                raise click.UsageError(f"no effect {effect!r}; `swash effects` lists them")
        if as_json:
            shown = [MessageToDict(described, preserving_proto_field_name=True) for described in known]
            click.echo(json.dumps(shown, indent=2))
        elif effect is not None:
            _tell(known[0])
        else:
            _list(known)


def _effects(server: Server | None) -> list[sound_pb2.Effect]:
    if server is not None:
        with typed_errors(server.address), server.channel() as channel:
            stub = SoundServiceStub(channel)
            answer = stub.ListEffects(sound_pb2.ListEffectsRequest(), timeout=TIMEOUT_S, metadata=server.metadata)
            return list(answer.effects)
    from swash_model.procedural.catalogue import EFFECTS
    from swash_server import wire

    return [wire.effect(described) for described in EFFECTS.values()]


def _list(known: list[sound_pb2.Effect]) -> None:
    table = Table("effect", "kind", "UCS", "what", "presets", box=None)
    for described in known:
        presets = ", ".join(preset.name for preset in described.presets)
        table.add_row(described.id, KINDS[described.kind], described.ucs_cat_id, described.description, presets)
    Console().print(table)


def _tell(described: sound_pb2.Effect) -> None:
    console = Console()
    console.print(
        f"[bold]{described.id}[/] ({KINDS[described.kind]}, {described.ucs_cat_id}) {described.description}"
    )
    table = Table("parameter", "range", "default", "live", "what", box=None)
    for parameter in described.parameters:
        if parameter.choices:
            reach, default = " ".join(parameter.choices), parameter.default_choice
        else:
            reach = f"{parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}"
            default = f"{parameter.default_number:g}"
        table.add_row(parameter.name, reach, default, "live" if parameter.live else "", parameter.description)
    console.print(table)
    for preset in described.presets:
        console.print(f"  {described.id}/{preset.name}: {preset.description}")
