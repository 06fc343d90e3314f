"""Live voices: 48 at once, in one session and in 48, and how soon a command is heard."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import fresh_server, percentiles_ms, table
from swash_client import AsyncClient, AsyncCommand, AsyncSession, UnavailableError, Voice
from tests.serving import ServerProcess

VOICES = 48
SECONDS = 20.0
BUFFER_S = 0.02  # that a listener fills before it plays
MOVE_EVERY_S = 0.25
HEAD = (
    "sessions x voices",
    "made ahead",
    "cores of the server",
    "% of a core a voice",
    "underruns at the server",
    "gaps that a listener hears / worst ms",
    "a command is heard after, p50 / p99 ms",
)


@dataclass
class Heard:
    """What one listener noticed."""

    played_from_s: float = 0.0  # when frame 0 was heard, as it would be now
    gaps_s: list[float] = field(default_factory=list)
    commands_s: list[float] = field(default_factory=list)
    underruns: int = 0

    def take(self, frames_s: float) -> None:
        """Note that what stands at `frames_s` has come; after a gap everything is heard as much later."""
        late_s = time.perf_counter() - (self.played_from_s + frames_s)
        if late_s > 0.0:
            self.gaps_s.append(late_s)
            self.played_from_s += late_s


def main() -> None:
    """Print how many voices a machine holds."""
    rows = []
    for sessions, ahead_s in ((1, 0.06), (8, 0.04), (8, 0.06), (8, 0.1), (48, 0.2)):
        with fresh_server(f"--max-voices={VOICES}") as server:
            rows.append(asyncio.run(_measured(server, sessions, ahead_s)))
    table(f"{VOICES} live voices of every endless effect in turn, for {SECONDS:g} s", HEAD, rows)


async def _measured(server: ServerProcess, sessions: int, ahead_s: float) -> tuple[str, ...]:
    async with AsyncClient(server.address) as client:
        effects = [effect for effect in await client.effects() if effect.kind != "one_shot"]
        each = VOICES // sessions
        parts = [[effects[(n * each + v) % len(effects)].id for v in range(each)] for n in range(sessions)]
        async with client.perform():
            pass  # the first session starts the processes
        began_s, cpu_s = time.perf_counter(), _cpu_s(server.process.pid)
        heard = await asyncio.gather(*(_listen(client, names, ahead_s) for names in parts))
        cores = (_cpu_s(server.process.pid) - cpu_s) / (time.perf_counter() - began_s)
    gaps_s = [gap for one in heard for gap in one.gaps_s]
    return (
        f"{sessions} x {each}",
        f"{ahead_s * 1e3:.0f} ms",
        f"{cores:.2f}",
        f"{100.0 * cores / VOICES:.1f}",
        str(sum(one.underruns for one in heard)),
        f"{len(gaps_s)} / {1e3 * max(gaps_s, default=0.0):.0f}",
        percentiles_ms([each_s for one in heard for each_s in one.commands_s]),
    )


async def _listen(client: AsyncClient, effects: list[str], ahead_s: float) -> Heard:
    """Play a session as a listener does."""
    heard = Heard()
    async with client.perform(ahead_s=ahead_s) as session:
        voices = [session.start(effect=effect) for effect in effects]
        frames = 0
        moving: asyncio.Task[None] | None = None
        rate = session.opened.sample_rate
        async for block in session:
            if not frames:
                heard.played_from_s = time.perf_counter() + BUFFER_S
                moving = asyncio.create_task(_move(session, voices[0], heard))
            heard.take(frames / rate)
            frames += len(block)
            if frames > SECONDS * rate:
                session.stop()
                session.finish()
        if moving is not None:
            moving.cancel()
        heard.underruns = session.closed.underruns
    return heard


async def _move(session: AsyncSession, voice: Voice[AsyncCommand], heard: Heard) -> None:
    """Move a control again and again, and note when each move is to be heard."""
    with suppress(UnavailableError):  # once the session is over
        while True:
            await asyncio.sleep(MOVE_EVERY_S)
            sent_s = time.perf_counter()
            applied = await voice.set("gain_db", -1.0).applied()
            heard.commands_s.append(heard.played_from_s + applied.frame / session.opened.sample_rate - sent_s)


def _cpu_s(pid: int) -> float:
    """Return the CPU time that a process and those below it have used."""
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK") + sum(
        _cpu_s(int(each)) for each in children
    )
