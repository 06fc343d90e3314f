"""Files come from the hub whole or not at all, go on where they broke off, and a refusal says what to do.

The hub here is a small one that answers as the real one is known to; nobody has asked the real one.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from swash_model.stable_audio.download import FetchError, Remote, check_space, fetch, find
from tests.model.stable_audio.hub import COMMIT, EXPIRED, MODEL, STRANGER, T5, TOKEN, Hub, files_of, serving

WEIGHTS = "model.safetensors"


@pytest.fixture(autouse=True)
def nobody_logged_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path_factory.mktemp("home") / "token"))


@pytest.fixture
def hub(golden: Path) -> Iterator[Hub]:
    with serving(Hub(files_of(golden))) as hub:
        yield hub


def found(hub: Hub, folder: Path, token: str | None = TOKEN, repo: str = MODEL) -> list[Remote]:
    return find(folder, repo, token=token, endpoint=hub.endpoint)


def weights_of(hub: Hub, folder: Path) -> Remote:
    return next(remote for remote in found(hub, folder) if remote.repo == MODEL and remote.name == WEIGHTS)


def test_every_file_comes_as_it_is_there(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "model"
    got = 0

    def count(more: int) -> None:
        nonlocal got
        got += more

    remotes = found(hub, folder)
    for remote in remotes:
        fetch(remote, count)
    here = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert here == {
        remote.path.relative_to(folder): hub.files[f"{remote.repo}/{remote.name}"] for remote in remotes
    }
    assert got == sum(len(content) for content in here.values())
    assert {str(path) for path in here} == {
        "model_config.json", "model.safetensors", "t5/config.json", "t5/model.safetensors", "t5/tokenizer.json",
    }  # fmt: skip


def test_what_is_here_is_known_by_its_content(hub: Hub, tmp_path: Path) -> None:
    for remote in found(hub, tmp_path):
        fetch(remote)
    assert all(remote.is_here() for remote in found(hub, tmp_path))
    for name in ("model_config.json", WEIGHTS):  # one named by git, one by SHA-256
        content = bytearray((tmp_path / name).read_bytes())
        content[100] ^= 1
        (tmp_path / name).write_bytes(content)
    assert [remote.name for remote in found(hub, tmp_path) if not remote.is_here()] == [
        "model_config.json",
        WEIGHTS,
    ]


def test_a_transfer_that_breaks_off_goes_on_where_it_was(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)  # what is less is lost with the connection
    remote = weights_of(hub, tmp_path)
    hub.breaks_after = [1_000_000, 500_000]
    fetch(remote)
    assert remote.is_here()
    assert hub.ranges()[1:] == ["bytes=1000000-", "bytes=1500000-"]


def test_what_an_earlier_run_left_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    content = hub.files[f"{MODEL}/{WEIGHTS}"]
    got: list[int] = []
    remote.part.write_bytes(content[:3_000_000])
    assert remote.left_bytes == len(content) - 3_000_000
    fetch(remote, got.append)
    assert hub.ranges() == ["bytes=3000000-"]
    assert sum(got) == len(content)
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS]


def test_a_part_that_was_whole_already_is_taken(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    remote.part.write_bytes(hub.files[f"{MODEL}/{WEIGHTS}"])
    fetch(remote)
    assert remote.is_here()
    assert hub.ranges() == []


def test_more_than_there_is_was_left_by_something_else_and_goes(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    remote.part.write_bytes(bytes(5_000_000))
    fetch(remote)
    assert remote.is_here()


def test_what_was_left_of_something_else_is_found_out_and_goes(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    remote.part.write_bytes(bytes(9))
    with pytest.raises(FetchError, match="damaged"):
        fetch(remote)
    fetch(remote)
    assert remote.is_here()


def test_a_file_that_is_damaged_on_its_way_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    hub.damaged = True
    with pytest.raises(FetchError, match="damaged on its way"):
        fetch(remote)
    assert list(tmp_path.iterdir()) == []


def test_all_files_are_of_one_commit(hub: Hub, tmp_path: Path) -> None:
    assert {remote.commit for remote in found(hub, tmp_path)} == {COMMIT}
    heads = [path for _, path, _ in hub.asked]
    assert f"/{MODEL}/resolve/main/model_config.json" in heads
    assert f"/{MODEL}/resolve/{COMMIT}/{WEIGHTS}" in heads


def test_the_token_stays_with_the_hub(hub: Hub, tmp_path: Path) -> None:
    fetch(weights_of(hub, tmp_path))
    for _, path, headers in hub.asked:
        assert ("authorization" in headers) == (not path.startswith("/far/")), path


@pytest.mark.parametrize(
    "token, advice",
    [
        (None, "nobody is logged in: accept the licence on that page.*--token"),
        (STRANGER, "the account of this token has not been let in.*accept the licence"),
        (EXPIRED, "this token is not valid.*settings/tokens"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(hub: Hub, tmp_path: Path, token: str | None, advice: str) -> None:
    with pytest.raises(FetchError, match=advice):
        found(hub, tmp_path, token)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("repo", ["stabilityai/stable-audio-open-smal", "no/such", "not a name"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_model_that_nobody_knows_says_so(hub: Hub, tmp_path: Path, repo: str, token: str | None) -> None:
    with pytest.raises(FetchError, match=f"knows no model '{repo}'"):
        found(hub, tmp_path, token, repo)


def test_a_revision_that_nobody_knows_says_so(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="no revision 'v9'"):
        find(tmp_path, MODEL, "v9", TOKEN, hub.endpoint)


def test_a_model_of_another_kind_says_so(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"holds no model_config\.json"):
        found(hub, tmp_path, repo=T5)


def test_no_network_says_so(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(FetchError, match=r"cannot be reached.*is there a network"):
            find(tmp_path, token=TOKEN, endpoint=endpoint)


def test_a_network_told_to_be_off_says_so(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FetchError, match="HF_HUB_OFFLINE is set"):
        found(hub, tmp_path)


def test_a_disk_too_small_is_told_before_the_first_byte(hub: Hub, tmp_path: Path) -> None:
    hub.told_bytes = 10**18
    with pytest.raises(FetchError, match=r"GB are needed and [0-9.]+ GB are free"):
        check_space(tmp_path / "not" / "there", found(hub, tmp_path))
    assert hub.ranges() == []


def test_a_page_that_is_no_hub_says_so(hub: Hub, tmp_path: Path) -> None:
    hub.login_page = True
    with pytest.raises(FetchError, match="no answer of Hugging Face"):
        found(hub, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_disk_that_fills_up_says_so(hub: Hub, tmp_path: Path) -> None:
    remote = weights_of(hub, tmp_path)
    remote.part.symlink_to("/dev/full")
    with pytest.raises(FetchError, match="the disk is full"):
        fetch(remote)
