"""`swash check`: is a sound fit to ship, and if not, why."""

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from swash_server.cli.failure import FAILED, INVALID

if TYPE_CHECKING:
    from swash_server.making.checking import Report

MAX_FILES = 10_000
TOLERANCE_LU = 1.0


class Loudness(click.ParamType[tuple[float, float]]):
    """A loudness with a tolerance: -18, -18±2 or -18+-2."""

    name = "lufs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return loudness, LUFS, and tolerance, LU."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(-?\d+(?:\.\d+)?)(?:(?:±|\+-)(\d+(?:\.\d+)?))?", value.replace(" ", ""))
        if found is None or not -70.0 <= float(found[1]) <= 0.0:
            self.fail(f"a loudness from -70 to 0 LUFS, such as -18 or -18±2, got {value[:80]!r}", param, ctx)
        return float(found[1]), float(found[2] or TOLERANCE_LU)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("-r", "--recursive", is_flag=True, help="Look into folders, and the folders in them.")
@click.option("--loop", "loops", is_flag=True, help="Take files without loop points for loops, too.")
@click.option("--lufs", type=Loudness(), help="Integrated loudness asked for: -18, or -18±2; ±1 unless said.")
@click.option("--ceiling", "ceiling_dbtp", type=click.FloatRange(-60, 20), help="Highest true peak, dBTP.")
@click.option("--max-onset-ms", type=click.FloatRange(0, 600_000), help="Latest time at which it may begin, ms.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def check(
    files: tuple[Path, ...],
    recursive: bool,
    loops: bool,
    lufs: tuple[float, float] | None,
    ceiling_dbtp: float | None,
    max_onset_ms: float | None,
    as_json: bool,
) -> None:
    """Measure sounds and say whether they are fit to ship; exit with 1 when one is not, 2 when one cannot be read.

    FILE is a WAV, FLAC or Ogg file of at most 10 minutes, in one channel or two.
    """
    from swash_server.making.checking import Targets, UnreadableError, report_on

    loudness_lufs, tolerance_lu = lufs or (None, TOLERANCE_LU)
    max_onset_s = None if max_onset_ms is None else max_onset_ms / 1000.0
    targets = Targets(loudness_lufs, tolerance_lu, ceiling_dbtp, max_onset_s)
    status, told = 0, []
    for path in _files(files, recursive=recursive):
        try:
            report = report_on(path, targets, loops=loops)
        except UnreadableError as error:
            status = INVALID
            told.append({"file": str(path), "unreadable": str(error)})
            if not as_json:
                click.echo(f"????  {path}\n      cannot be read: {error}")
            continue
        if report.faults:
            status = max(status, FAILED)
        told.append({"file": str(path), **_as_json(report)})
        if not as_json:
            click.echo(_in_words(path, report))
    if as_json:
        click.echo(json.dumps(told, indent=2))
    sys.exit(status)


def _files(paths: tuple[Path, ...], *, recursive: bool) -> list[Path]:
    """Return every file, those of folders in order; raise UsageError for a folder that may not be looked into."""
    from swash_server.making.checking import SUFFIXES

    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        if not recursive:
            raise click.UsageError(f"{path} is a folder; -r looks into it")
        within = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not within:
            raise click.UsageError(f"{path} holds no {', '.join(SUFFIXES)}")
        files += within
    if len(files) > MAX_FILES:
        raise click.UsageError(f"at most {MAX_FILES} files, got {len(files)}")
    return files


def _in_words(path: Path, report: "Report") -> str:
    told = report.inspection
    lines = [
        f"{'FAIL' if report.faults else 'PASS'}  {path}",
        f"{told.duration_s:.3f} s, {told.sample_rate} Hz, {'mono' if told.channels == 1 else 'stereo'}, "
        f"{told.loudness_lufs:.1f} LUFS, {told.true_peak_dbtp:.1f} dBTP, onset {1000 * told.onset_s:.0f} ms, "
        f"tail {1000 * told.tail_s:.0f} ms, centroid {told.centroid_hz:.0f} Hz",
    ]
    if report.loop is not None:
        lines.append(f"loop of the frames {report.loop[0]} to {report.loop[1] - 1}")
    if (seam := told.seam) is not None:
        lines[-1] += (
            f": jump {seam.jump:.2f}, slope {seam.slope:.2f}, flux {seam.flux:.2f} (1 is as inside), "
            f"level {seam.level_db:+.1f} dB"
        )
    return "\n      ".join([*lines, *(f"- {fault}" for fault in report.faults)])


def _as_json(report: "Report") -> dict[str, Any]:
    told = report.inspection
    survey = asdict(told.survey)
    measured = {name: value for name, value in asdict(told).items() if name not in {"survey", "seam"}}
    for name in ("clipped", "clicks"):
        measured[f"{name}_s"] = [frame / told.sample_rate for frame in survey[name]]
    return {
        "passes": not report.faults,
        "faults": list(report.faults),
        "duration_s": told.duration_s,
        **measured,
        "not_finite": survey["not_finite"],
        "loop": None if report.loop is None else list(report.loop),
        "seam": None if told.seam is None else told.seam._asdict(),
    }
