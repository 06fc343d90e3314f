"""`swash bake`: a manifest to a folder of files that ship with a game."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from swash.v1 import sound_pb2
from swash_client import errors as remote
from swash_client.recording import Take
from swash_model.engines import NEURAL_ENGINE, Engines, load_engines
from swash_model.errors import SoundError
from swash_server.cli.failure import FAILED, told
from swash_server.cli.progress import Count
from swash_server.cli.sound import Source, engines_for, source_options
from swash_server.errors import SwashError

if TYPE_CHECKING:
    from swash_server.cli.bake_folder import Entry, Folder
    from swash_server.cli.bake_maker import Here, Maker, There
    from swash_server.cli.bake_plan import Item
    from swash_server.making.renderer import Renderer
    from swash_server.manifests.manifest import Manifest

ALL_FAIL = (remote.UnavailableError, remote.AccessError)  # what ends one call would end every other


@click.command()
@click.argument("manifest", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder."
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Sounds made at once; by default one for each core.")
@click.option("--dry-run", is_flag=True, help="Only list what would be made, and why.")
@click.option("--check", is_flag=True, help="Only list it, and exit with 1 if there is anything.")
@click.option("--prune", is_flag=True, help="Remove files of earlier bakes that the manifest names no more.")
@source_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def bake(
    manifest: Path,
    output: Path,
    source: Source,
    jobs: int | None,
    dry_run: bool,
    check: bool,
    prune: bool,
    quiet: bool,
) -> None:
    """Make every sound of MANIFEST into a file of a folder; what is there and still right stays."""
    with told():
        looking = dry_run or check
        work = _Bake(
            output,
            source,
            manifest.parent,
            jobs=jobs or os.cpu_count() or 1,
            looking=looking,
            prune=prune,
            quiet=quiet,
        )
        with asyncio.Runner() as runner:
            wrong = runner.run(work.run(_read(manifest)))
        if looking:
            for file, why in wrong.items():
                click.echo(f"{why}: {output / file}")
        elif not quiet:
            click.echo(work.summary(), err=True)
        raise SystemExit(FAILED if wrong and not dry_run else 0)


def _read(path: Path) -> "Manifest":
    from swash_server.manifests import manifest
    from swash_server.manifests.manifest_text import MAX_BYTES

    with path.open("rb") as file:
        return manifest.read(file.read(MAX_BYTES + 1).decode(errors="replace"))


class _Bake:
    """One run over a folder."""

    def __init__(
        self,
        output: Path,
        source: Source,
        beside: Path,
        *,
        jobs: int,
        looking: bool,
        prune: bool,
        quiet: bool,
    ) -> None:
        self._output = output
        self._source = source
        self._beside = beside
        self._jobs = jobs
        self._looking = looking
        self._prune = prune
        self._quiet = quiet
        self._made = self._kept = self._failed = self._left = self._removed = 0

    def summary(self) -> str:
        """Return in a line what was done."""
        parts = [f"{self._made} made", f"{self._kept} as they were"]
        parts += [f"{self._failed} failed"] if self._failed else []
        parts += [f"{self._removed} removed"] if self._removed else []
        parts += [f"{self._left} that the manifest names no more (--prune removes them)"] if self._left else []
        return f"{self._output}: {', '.join(parts)}"

    async def run(self, manifest: "Manifest") -> dict[str, str]:
        """Return what is wrong and why by file: of what could not be made, or when only looking, of all."""
        from swash_server.cli.bake_folder import Folder

        neural = any(sound.request.engine == NEURAL_ENGINE for sound in manifest.sounds)
        engines = await asyncio.to_thread(self._engines, manifest)
        async with _renderer(self._jobs, remembering=neural) as renderer, self._maker(engines, renderer) as maker:
            items = await self._items(manifest, engines, renderer, maker)
            with Folder(self._output, writing=not self._looking) as folder:
                head = {"swash": version("swash"), "creator": manifest.creator, "source": manifest.source}
                folder.plan(head, (item.file for item in items))
                todo = await self._todo(folder, items)
                if self._looking:
                    return {item.file: why for item, why in todo}
                self._kept = len(items) - len(todo)
                failures = await self._make_all(maker, folder, [item for item, _ in todo])
                self._removed = len(folder.prune()) if self._prune else 0
                self._left = len(folder.left_over())
                return failures

    def _engines(self, manifest: "Manifest") -> Engines:
        """Return the engines of this process, with the model only if sounds are to be made with it here."""
        neural = [sound.request for sound in manifest.sounds if sound.request.engine == NEURAL_ENGINE]
        if self._looking or self._source.server is not None or not neural:
            return load_engines()
        request = sound_pb2.RenderRequest(engine=NEURAL_ENGINE, fallback=all(one.fallback for one in neural))
        return engines_for(request, self._source.model, quiet=self._quiet)

    @asynccontextmanager
    async def _maker(self, engines: Engines, renderer: "Renderer") -> "AsyncIterator[Here | There]":
        from swash_server.cli import bake_maker

        if self._source.server is None:
            yield bake_maker.Here(engines, renderer)
        else:
            async with bake_maker.there(self._source.server, self._source.timeout_s) as maker:
                yield maker

    async def _items(
        self, manifest: "Manifest", engines: Engines, renderer: "Renderer", maker: "Here | There"
    ) -> "list[Item]":
        from swash_server.cli.bake_maker import There
        from swash_server.cli.bake_plan import Planner

        elsewhere = await maker.neural_version(engines) if isinstance(maker, There) else None
        planner = Planner(
            engines, renderer, beside=self._beside, elsewhere=elsewhere, making=not self._looking
        )  # fmt: skip
        return await planner.items(manifest)

    async def _todo(self, folder: "Folder", items: "list[Item]") -> "list[tuple[Item, str]]":
        """Return what must be made, and why; to know it, every file is read."""
        todo = []
        with Count("reading what is there", len(items), shown=not self._quiet) as count:
            for item in items:
                if why := await asyncio.to_thread(folder.wrong, item):
                    todo.append((item, why))
                count.one_more()
        return todo

    async def _make_all(self, maker: "Maker", folder: "Folder", items: "list[Item]") -> dict[str, str]:
        """Make files, some at once; return what went wrong by file."""
        failures: dict[str, str] = {}
        if not items:
            return failures
        left = iter(items)
        with Count("making sounds", len(items), shown=not self._quiet) as count:
            workers = [
                asyncio.create_task(self._work(maker, folder, left, count, failures))
                for _ in range(min(self._jobs, len(items)))
            ]
            try:
                # Not gather, which would cancel them a second time: a worker ends its file after the first.
                ended, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
            for worker in ended:
                worker.result()
        self._failed = len(failures)
        return failures

    async def _work(
        self, maker: "Maker", folder: "Folder", left: "Iterator[Item]", count: Count, failures: dict[str, str]
    ) -> None:
        from swash_server.cli.bake_maker import patiently

        for item in left:
            try:
                take = await patiently(maker, item.request)
            except ALL_FAIL:
                raise
            except (SoundError, SwashError, remote.SwashError) as error:
                failures[item.file] = str(error)
                count.say(f"swash: {item.path}: {error}")
            else:
                await _whole(asyncio.to_thread(_write, folder, item, take))
                self._made += 1
            count.one_more()


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Do some work to its end even when the bake is interrupted: a file that is moved into place is also noted."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    finally:
        await task


def _write(folder: "Folder", item: "Item", take: Take) -> None:
    from swash_server.formats.provenance import Provenance, signed

    header = take.header
    origin = _origin(item, take)
    told = Provenance(
        title=item.name or item.title,
        software=f"swash {version('swash')}",
        licence=header.licence,
        ucs_cat_id=item.ucs_cat_id,
        origin=origin,
        loop=None if header.loop is None else (header.loop.start_frame, header.loop.end_frame),
    )
    folder.put(item, signed(take.data, item.encoding, header.sample_rate, told), _entry(item, take, origin))


def _origin(item: "Item", take: Take) -> dict[str, Any]:
    """Return all that it takes to make a sound again."""
    header, request = take.header, item.request
    return {
        "prompt" if request.prompt else "effect": request.prompt or request.effect,
        **({"layers": [asdict(layer) for layer in header.layers]} if header.layers else {}),
        **({"neural": asdict(header.neural)} if header.neural else {}),
        "seed": header.seed,
        "object_seed": header.object_seed,
        "engine": header.engine,
        "engine_version": header.engine_version,
        "swash": version("swash"),
        "licence": header.licence,
        "ucs_cat_id": item.ucs_cat_id,
        "key": header.key,
        **({"fallback": True} if header.fallback else {}),
    }


def _entry(item: "Item", take: Take, origin: dict[str, Any]) -> "Entry":
    """Return what the index tells of a file."""
    header, trailer = take.header, take.trailer
    return {
        "name": item.name,
        "take": item.take,
        **origin,
        "encoding": item.encoding.value if item.encoding.value != "pcm_s16le" else "wav",
        "sample_rate": header.sample_rate,
        "channels": header.channels,
        "frames": trailer.frames,
        "loop": asdict(header.loop) if header.loop else None,
        "loudness_lufs": round(trailer.loudness_lufs, 2),
        "true_peak_dbtp": round(trailer.true_peak_dbtp, 2),
        "pcm_sha256": trailer.sha256.hex(),
        "recipe": item.recipe,
        "asked_key": item.key or header.key,
    }


@asynccontextmanager
async def _renderer(jobs: int, *, remembering: bool) -> "AsyncIterator[Renderer]":
    """Give a renderer with so many threads.

    It keeps nothing in memory, for no sound is asked for twice, and uses the store only where making takes long: a
    folder that is baked remembers by itself, and ten thousand sounds would push out all that a server has there.
    """
    from swash_server.app import make_renderer
    from swash_server.doors.request_id import REQUEST_ID
    from swash_server.observability.metrics import Metrics
    from swash_server.settings import Settings, default_store

    REQUEST_ID.set("local")
    store = default_store() if remembering else None
    settings = Settings(store=store, workers=jobs, memory_mib=1, max_recordings=max(jobs, 64))
    renderer = await make_renderer(settings, Metrics())
    try:
        yield renderer
    finally:
        await renderer.close()
