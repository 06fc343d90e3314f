"""The JavaScript client and the pages in front of a server that asks who calls, over connections that break."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.web.browser import Shown, bundle, served, show
from tests.clients.web.driven import Driven
from tests.fault_proxy import FaultProxy, Faults
from tests.serving import ServerProcess

pytestmark = pytest.mark.xdist_group("web-trust")
SECOND_BYTES = 4 * 48_000


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file of tokens, and one that may play."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    command = [str(Path(sys.executable).parent / "swash"), "token", "new", "game", "--tokens", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.search(r"swash_\w[\w-]+", said)
    assert found, said
    return path, found[0]


@pytest.fixture(scope="module")
def guarded(token: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(
        tmp_path_factory.mktemp("store"), f"--tokens={token[0]}", "--allowed-host=sounds.example"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def page(guarded: ServerProcess, token: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("page")
    bundle("trust", folder)
    above = guarded.http.removeprefix("http://")
    with (
        served(folder) as port,
        FaultProxy(above, Faults(reset_after_bytes=SECOND_BYTES * 3 // 2)) as breaking,
        FaultProxy(above, Faults(reset_after_bytes=200)) as hopeless,
    ):
        given = {
            "server": guarded.http,
            "token": token[1],
            "breaking": f"http://{breaking.address}",
            "hopeless": f"http://{hopeless.address}",
        }
        shown = show(f"http://127.0.0.1:{port}/", given)
        assert breaking.resets
        return shown


@pytest.fixture(params=["connect", "grpc-web"])
def told(request: pytest.FixtureRequest, page: Shown) -> Any:
    return page.told[request.param]


def test_a_page_with_a_token_may_play(told: Any) -> None:
    assert told["right"]
    assert told["session"] == 8000
    assert told["changing"]


def test_a_page_without_one_or_with_a_wrong_one_is_unknown(told: Any) -> None:
    assert (told["none"], told["wrong"]) == ("Unauthenticated", "Unauthenticated")
    assert told["bake"] == "PermissionDenied"


def test_a_sound_in_one_message_is_the_one_that_streams(told: Any) -> None:
    assert told["fetched"] == told["rendered"]
    assert told["fetched"][1] == SECOND_BYTES // 2


def test_what_is_too_large_for_one_message_streams(told: Any) -> None:
    assert told["large"] == 20 * SECOND_BYTES


def test_a_file_is_fetched_as_well(told: Any) -> None:
    assert told["file"] == "fLaC"


def test_takes_go_on_where_the_connection_broke(told: Any) -> None:
    assert told["resumed"] == told["whole"]
    assert [take[:2] for take in told["whole"]] == [[0, 33], [1, 34]]


def test_a_sound_whose_seed_the_server_chose_goes_on_too(told: Any) -> None:
    assert told["seedless"] == 2 * SECOND_BYTES


def test_a_sound_is_not_asked_for_for_ever(told: Any) -> None:
    assert (told["given"], told["hopeless"]) == ("Unavailable", "Unavailable")


def test_a_token_goes_unencrypted_to_another_machine_only_where_the_page_says_so(page: Shown) -> None:
    insecure = page.told["insecure"]
    assert "token: only over https, got none to http://sounds.example:8080" in insecure["open"]
    assert (insecure["asked"], insecure["tls"], insecure["here"]) == ("", "", "")
    assert "printable ASCII without spaces, got 3 characters" in insecure["none"]


@pytest.mark.parametrize("path", ["/", "/dashboard"])
def test_a_page_asks_for_the_token_and_goes_on_with_it(
    guarded: ServerProcess, token: tuple[Path, str], path: str
) -> None:
    with Driven("--host-resolver-rules=MAP sounds.example 127.0.0.1") as browser:
        # By another name than this machine's, whose own pages are shown the numbers without a token.
        browser("goto", f"http://sounds.example:{guarded.http.rpartition(':')[2]}{path}")
        browser("shown", "#who")
        assert "asks who calls" in browser("text", "#who-why")
        assert "unencrypted" in browser("text", "#who-open")
        given(browser, "swash_wrong")
        browser.until("document.getElementById('who-why').textContent", lambda said: "not know" in said)
        given(browser, token[1])
        browser("hidden", "#who")
        here = "['here', 'ready', 'waiting'].includes(document.getElementById('server').dataset.state)"
        version = "/\\d+\\.\\d+\\.\\d+/.test(document.getElementById('server').textContent)"
        browser.until(f"{here} && {version}")
        browser("reload")
        browser.until(version)
        assert browser("evaluate", "Object.keys(localStorage).includes('swash.token')") is False


def given(browser: Driven, text: str) -> None:
    """Type a token, and send it."""
    browser("shown", "#who")
    browser("evaluate", f"document.getElementById('who-token').value = {text!r}")
    browser("click", "#who button")
