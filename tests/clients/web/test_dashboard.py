"""The dashboard in real Chromium, before a real server under load, and its arithmetic before a real Prometheus."""

import json
import random
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

from swash.v1 import sound_pb2 as pb
from swash_client import Client
from swash_server.observability.metrics import FIRST_FRAMES_BUCKETS_S
from tests import tools
from tests.clients.web.browser import WEB, node_modules
from tests.clients.web.driven import Driven
from tests.serving import ServerProcess, rendered, takes

pytestmark = pytest.mark.xdist_group("dashboard")  # one server and one browser, in this order

LAYERED = "windy beach at night with distant thunder"
ROW = "#sounds tr:nth-child(1)"


@pytest.fixture(scope="module")
def its(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server that only this page's tests ask for sounds."""
    with ServerProcess(tmp_path_factory.mktemp("store"), "--allowed-host=swash.example") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Driven]:
    """Give a browser in which the server has two names: its address, and one of a site."""
    with Driven("--host-resolver-rules=MAP swash.example 127.0.0.1") as driven:
        yield driven


@pytest.fixture
def page(browser: Driven, its: ServerProcess) -> Iterator[Driven]:
    """Give the dashboard, opened anew; what its console says fails the test."""
    browser("said")
    browser("goto", f"{its.http}/dashboard")
    browser("shown", "#server[data-state=ready]")
    yield browser
    assert browser("said") == []


def load(server: ServerProcess) -> None:
    """Ask for twelve sounds, each three times, and for two that are not there."""
    with server.stub() as stub:
        for seed in range(12):
            for _ in range(3):
                rendered(stub, pb.RenderRequest(effect="rain", seed=seed, duration_s=0.25))
        for request in (pb.RenderRequest(prompt="zyxwq"), pb.RenderRequest(effect="zyxwq")):
            with pytest.raises(grpc.RpcError):
                takes(stub, request)


def board(server: ServerProcess) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.http}/dashboard/data", timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def number(text: str) -> float:
    """Return the first number of a text."""
    found = re.search(r"[\d,.]+", text)
    assert found, text
    return float(found[0].replace(",", ""))


def quantile_of_first_frames(q: float, server: ServerProcess) -> float:
    """Return what the metrics say, s: linear within a bucket."""
    bounds = ("0.0", *map(str, FIRST_FRAMES_BUCKETS_S))
    counts = [0.0, *(server.metric("swash_first_frames_seconds_bucket", le=bound) for bound in bounds[1:])]
    rank = q * server.metric("swash_first_frames_seconds_bucket", le="+Inf")
    at = next(number for number, count in enumerate(counts) if count >= rank)
    low, high = float(bounds[at - 1]), float(bounds[at])
    return low + (high - low) * (rank - counts[at - 1]) / (counts[at] - counts[at - 1])


def kept(browser: Driven) -> Any:
    """Return the history as the page keeps it when it is left."""
    browser("evaluate", "dispatchEvent(new Event('pagehide'))")
    return json.loads(browser("evaluate", "sessionStorage.getItem('swash.dashboard.history.1')"))


def test_before_anything_was_asked_it_says_what_to_do(page: Driven) -> None:
    assert "swash play" in page("text", "#sounds-none")
    assert page("text", "#now-calls") in {"–", "0/s"}
    assert page("texts", "#engines h3") == ["procedural", "stable_audio"]
    assert page("texts", "#engines .state") == ["ready", "not here"]
    assert "--model" in page("text", "#engines")


def test_under_load_its_numbers_move_and_are_those_of_the_metrics(page: Driven, its: ServerProcess) -> None:
    before = its.metric("swash_calls_total")
    load(its)
    after = int(its.metric("swash_calls_total"))
    assert after == before + 38
    page.until("document.querySelector('#now-calls-more').textContent", lambda text: number(text) == after)
    assert page("text", "#now-calls-more") == f"{after} since the start"
    page.until("document.querySelectorAll('#sounds tr').length", lambda rows: rows == 38)
    # All of it was within the last minute, and nothing else was.
    assert number(page("text", "#now-hits")) == round(100 * 24 / 36)
    assert page("text", "#now-failed") == "2"
    assert re.sub(r"\s", " ", page("text", "#now-failed-more")) == "NOT_FOUND 1 · INVALID_ARGUMENT 1"
    mib = its.metric("process_resident_memory_bytes") / 2**20
    assert number(page("text", "#now-memory")) == pytest.approx(mib, rel=0.2)
    assert number(page("text", "#now-rtf")) == pytest.approx(
        its.metric("swash_render_seconds_sum") / its.metric("swash_audio_seconds_total"), abs=1e-3
    )
    p95, unit = page("text", "#now-first-frames").split()
    in_ms = number(p95) * (1000.0 if unit == "s" else 1.0)
    assert in_ms == pytest.approx(1000.0 * quantile_of_first_frames(0.95, its), rel=6e-3)  # three digits are shown
    page.until("document.querySelector('#now-calls').textContent", lambda text: number(text) > 0.0)
    assert number(page("text", "#chart-calls .legend li:nth-child(1) b")) > 0.0
    page("shown", "#chart-first-frames canvas")


@pytest.mark.parametrize(("scheme", "widths"), [("light", (900, 1600, 360)), ("dark", (900, 360, 1600))])
def test_everybody_can_read_it(page: Driven, scheme: str, widths: tuple[int, ...], tmp_path: Path) -> None:
    page("scheme", scheme)
    page("shown", ROW)
    for width in widths:
        page("size", width, 900)
        assert page("evaluate", "document.documentElement.scrollWidth") <= width
        page("picture", str(tmp_path / f"dashboard-{scheme}-{width}.png"))
    assert page("violations") == []  # of a phone in the light, and a large screen in the dark
    page("scheme", "light")


def test_live_voices_are_counted_while_they_sound(page: Driven, its: ServerProcess) -> None:
    with Client(its.address) as client, client.perform() as session:
        session.start("light rain on leaves", seed=1)
        page.until("document.querySelector('#now-voices').textContent", lambda text: text == "1")
        assert page("text", "#now-voices-more").startswith("1\u00a0session ")
        session.stop(release_s=0.0)
        session.finish()
        session.rest()
    page.until("document.querySelector('#now-voices').textContent", lambda text: text == "0")


@pytest.mark.parametrize("prompt", ["heavy rain on a tin roof", LAYERED])
def test_the_play_button_plays_the_very_same_samples(page: Driven, its: ServerProcess, prompt: str) -> None:
    with its.stub() as stub:
        heard = rendered(stub, pb.RenderRequest(prompt=prompt, seed=21, duration_s=0.4))
    page.until(f"document.querySelector('{ROW} q')?.textContent", lambda text: text == prompt)
    last = board(its)["last"]
    page("click", f"{ROW} button")
    sha256 = page.until(f"document.querySelector('{ROW} button')?.dataset.sha256")
    assert sha256 == heard.trailer.sha256.hex()
    page.until("document.querySelector('#playing').textContent", lambda text: text == "")  # it has ended
    assert page("attribute", f"{ROW} button", "aria-pressed") == "false"
    # The page's own call is noted by the server, and no news here.
    page.until(f"performance.getEntriesByName(location.origin + '/dashboard/data?since={last + 1}').length > 0")
    assert page("text", f"{ROW} q") == prompt
    assert page("texts", f"{ROW} .chip") == ["made"]


def test_a_loop_goes_on_until_it_is_stopped(page: Driven, its: ServerProcess) -> None:
    with its.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="fire", seed=22, loop=True, duration_s=2.0))
    page.until(f"document.querySelector('{ROW} .effects')?.textContent", lambda text: text == "fire")
    page("focus", f"{ROW} button")
    page("press", "Enter")
    said = page.until("document.querySelector('#playing').textContent", lambda text: text.startswith("Playing"))
    assert "the same samples" in said
    assert page("attribute", f"{ROW} button", "aria-label") == "Stop fire, seed 22"
    page("press", "Enter")
    page.until("document.querySelector('#playing').textContent", lambda text: text == "")
    assert page("attribute", f"{ROW} button", "aria-label") == "Play fire, seed 22"


def test_the_list_can_be_held_and_sifted(page: Driven, its: ServerProcess) -> None:
    page("shown", ROW)
    shown, last = page("attribute", ROW, "data-number"), board(its)["last"]
    page("click", "#hold")
    load(its)
    page.until("document.querySelector('#hold-new').textContent", lambda text: text == "38 new")
    assert page("attribute", ROW, "data-number") == shown
    page("click", "#hold")
    assert int(page("attribute", ROW, "data-number")) == last + 38
    page("click", "#failed-only")
    codes = page("texts", "#sounds .chip:visible")
    assert set(codes) == {"NOT_FOUND", "INVALID_ARGUMENT"}
    page("click", "#failed-only")
    assert set(page("texts", "#sounds .chip:visible")) > set(codes)


def test_the_charts_share_a_cursor_and_the_keyboard_moves_it(page: Driven) -> None:
    for minutes in ("15", "60", "5"):
        page("click", f"[data-range='{minutes}']")
        assert page("attribute", f"[data-range='{minutes}']", "aria-pressed") == "true"
    assert page("text", "#charts-at") == "now"
    page("focus", "#charts")
    page("press", "Home")
    first = page("text", "#charts-at")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", first)
    page("press", "PageDown")
    later = page("text", "#charts-at")
    assert later > first
    page("press", "ArrowLeft")
    assert first <= page("text", "#charts-at") <= later
    page("press", "Escape")
    assert page("text", "#charts-at") == "now"


def test_its_history_survives_being_loaded_again(page: Driven) -> None:
    page("click", "[data-range='60']")
    page("focus", "#charts")
    page("press", "Home")
    first = page("text", "#charts-at")
    page("reload")
    page("shown", "#server[data-state=ready]")
    assert page("attribute", "[data-range='60']", "aria-pressed") == "true"
    page("focus", "#charts")
    page("press", "Home")
    assert page("text", "#charts-at") == first


def test_damaged_history_is_forgotten(browser: Driven, its: ServerProcess) -> None:
    browser("said")
    for damage in ("{", "[]", "null", '{"run": 1, "raw": 2, "counters": 3, "gauges": [], "rows": [[null]]}'):
        browser("goto", f"{its.http}/dashboard")
        for event in ("pagehide", "visibilitychange"):  # later than the page, which saves what is right
            last = f"sessionStorage.setItem('swash.dashboard.history.1', {json.dumps(damage)})"
            browser("evaluate", f"addEventListener('{event}', () => {last})")
        browser("reload")
        browser("shown", "#server[data-state=ready]")
        browser.until("document.querySelector('#charts canvas') !== null")
        assert len(kept(browser)["rows"]) < 5
        assert browser("said") == []


def test_strangers_see_no_prompt_and_are_told_why(browser: Driven, its: ServerProcess) -> None:
    with its.stub() as stub:
        rendered(stub, pb.RenderRequest(prompt=LAYERED, seed=23, duration_s=0.2))
    browser("goto", its.http.replace("127.0.0.1", "swash.example") + "/dashboard")
    browser("shown", ROW)
    assert "--show-prompts" in browser("text", "#prompts-hidden")
    assert browser("texts", "#sounds q") == []
    assert browser("text", f"{ROW} td:nth-child(1)") == "needs its prompt"
    assert "ocean_waves" in browser("text", f"{ROW} .effects").replace("\u200b", "")
    # This name is no https and not this machine: browsers do not hash here, and still play.
    browser("click", "#sounds button.play")
    browser.until("document.querySelector('#playing').textContent.startsWith('Playing')")
    assert [
        line for line in browser("said") if "Opener-Policy" not in line
    ] == []  # is for https, says the browser


def test_a_server_that_goes_and_comes_back_leaves_a_gap(browser: Driven, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        port = server.http.rpartition(":")[2]
        load(server)
        browser("goto", f"{server.http}/dashboard")
        browser("shown", ROW)
        browser.until("document.querySelectorAll('#chart-memory canvas').length")
        server.stop()
        browser("shown", "#away")
        assert "swash serve" in browser("text", "#away")
        assert browser("attribute", "#server", "data-state") == "away"
        assert browser("violations") == []
        browser("click", "#away-retry")
        browser("shown", "#away")
    with ServerProcess(tmp_path, f"--http-port={port}") as again:
        browser("hidden", "#away")
        browser("shown", "#sounds-none")  # the sounds were of a run that is over
        assert [row[1] for row in kept(browser)["rows"]].count(1) == 1
        load(again)
        browser.until("document.querySelector('#now-calls-more').textContent", lambda text: number(text) == 38)
    assert [line for line in browser("said") if "ERR_CONNECTION_REFUSED" not in line] == []


def bundled(module: str, folder: Path) -> Path:
    """Return a module of the page as Node.js takes it."""
    into = folder / f"{module}.mjs"
    esbuild = node_modules() / "esbuild" / "bin" / "esbuild"
    source = WEB / "src" / "dashboard" / f"{module}.ts"
    command = [str(tools.node()), str(esbuild), str(source), "--bundle", "--format=esm", "--log-level=warning"]
    subprocess.run([*command, f"--outfile={into}"], check=True, timeout=60)
    return into


def computed(folder: Path, module: str, script: str, given: object) -> Any:
    """Return what a line of JavaScript makes of `given` with a module `m`."""
    program = f"import * as m from {json.dumps(str(bundled(module, folder)))};"
    program += f"const given = {json.dumps(given)}; console.log(JSON.stringify({script}))"
    command = [str(tools.node()), "--input-type=module", "-e", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


BOUNDS = ("0.001", "0.0025", "0.01", "0.03", "0.25", "1", "10", "+Inf")


def histograms() -> list[list[int]]:
    """Return how many observations are in each bucket: at random, and at the edges."""
    chance = random.Random(1)
    several = [[chance.choice((0, 0, 1, chance.randrange(1000))) for _ in BOUNDS] for _ in range(20)]
    return [h for h in several if any(h)] + [[5, *[0] * 7], [*[0] * 7, 5], [0, 0, 3, 0, 0, 0, 0, 0], [1] * 8]


def test_quantiles_are_those_of_prometheus(tmp_path: Path) -> None:
    quantiles = (0.01, 0.5, 0.95, 0.99, 1.0)
    counts = [[sum(one[: at + 1]) for at in range(len(one))] for one in histograms()]
    script = (
        "given.counts.map((counts) => given.quantiles.map((q) => m.quantile(q, "
        "counts.map((count, at) => [at < 7 ? Number(given.bounds[at]) : Infinity, count]))))"
    )
    found = computed(tmp_path, "quantile", script, {"counts": counts, "quantiles": quantiles, "bounds": BOUNDS})
    tests = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'h_bucket{{le="{le}"}}', "values": str(count)}
                    for le, count in zip(BOUNDS, counts[at], strict=True)
                ],
                "promql_expr_test": [
                    {
                        "expr": f"histogram_quantile({q}, h_bucket)",
                        "eval_time": "0m",
                        "exp_samples": [{"labels": "{}", "value": found[at][number]}],
                    }
                    for number, q in enumerate(quantiles)
                ],
            }
            for at in range(len(counts))
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    done = subprocess.run(
        [str(tools.promtool()), "test", "rules", str(tmp_path / "tests.yml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_observed_has_no_quantile(tmp_path: Path) -> None:
    given = [[], [[1, 0], ["x", 0]]]
    assert computed(tmp_path, "quantile", "given.map((b) => m.quantile(0.5, b) ?? 'none')", given) == ["none"] * 2


def test_an_hour_is_kept_and_no_more_and_a_server_that_starts_anew_counts_on(tmp_path: Path) -> None:
    script = """(() => {
        const history = new m.History(undefined);
        for (let second = 0; second < given.seconds; second += 1) {
            if (second > given.goneFrom && second < given.goneTo) { history.lost(); continue; }
            const [run, calls] = second < given.goneTo ? ["one", second] : ["other", second - given.goneTo];
            const samples = [["swash_calls_total", { method: "Render", code: "OK", transport: "grpc" }, calls]];
            history.add({ now_s: second, run, samples });
        }
        return history.all.map(({ atS, afterGap, counters }) => [atS, afterGap, counters["calls|Render|OK"]]);
    })()"""
    points = computed(tmp_path, "history", script, {"seconds": 7200, "goneFrom": 5000, "goneTo": 5100})
    times = [at for at, _, _ in points]
    assert (times[0], times[-1]) == (pytest.approx(3600, abs=5), 7199)
    assert times[-300:] == list(range(6900, 7200))  # every second of the last minutes
    assert len(points) < 1100
    assert [at for at, after_gap, _ in points if after_gap] == [5100]
    assert points[-1][2] == 5000 + 2099
