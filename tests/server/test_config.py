"""Settings from flags, the environment and a file, and what is said of wrong ones before anything starts."""

import socket
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from swash_server.cli.serve import serve
from swash_server.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "deploy" / "swash.toml"
QUIET = ("--grpc-port=0", "--http-port=0", "--store=off")


def checked(*flags: str, **environment: str) -> Result:
    """Return what `swash serve --check-config` says; nothing of this machine's environment is read."""
    nothing = {f"SWASH_{name.upper()}": None for name in [*Settings.__dataclass_fields__, "config"]}
    nothing["OTEL_EXPORTER_OTLP_ENDPOINT"] = None
    return CliRunner().invoke(serve, ["--check-config", *flags], env={**nothing, **environment})


def config(folder: Path, text: str) -> str:
    path = folder / "swash.toml"
    path.write_text(text)
    return f"--config={path}"


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = config(tmp_path, "max_tags = 1\nmax_voices = 2\nmax_sessions = 3\n")
    flags = (*QUIET, "--max-tags=7")
    done = checked(file, *flags, SWASH_MAX_TAGS="8", SWASH_MAX_VOICES="9")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "max_tags = 7  # flag" in lines
    assert "max_voices = 9  # environment" in lines
    assert f"max_sessions = 3  # file {tmp_path}/swash.toml" in lines
    assert "max_recordings = 64  # default" in lines


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    config(tmp_path, "max_tags = 1\n")
    done = checked(*QUIET, SWASH_CONFIG=str(tmp_path / "swash.toml"))
    assert f"max_tags = 1  # file {tmp_path}/swash.toml" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grpc_port = 99999", "grpc_port: 0 to 65535, got 99999"),
        ('grpc_port = "50051"', "grpc_port: an integer, got '50051'"),
        ("grpc_port = true", "grpc_port: an integer, got True"),
        ("grpc_port = 1.5", "grpc_port: an integer, got 1.5"),
        ("grace_s = nan", "grace_s: 0 to 3600, got nan"),
        ('grace_s = "soon"', "grace_s: a number, got 'soon'"),
        ("host = 5", "host: a string, got 5"),
        ('precision = "most"', "precision: auto, exact, fast, got 'most'"),
        ('cors_origin = "https://a.example"', "cors_origin: an array of strings, got 'https://a.example'"),
        ("cors_origin = [5]", "cors_origin: an array of strings, got [5]"),
        ('cors_origin = ["nowhere"]', "cors_origin: http(s)://host[:port] or *, got 'nowhere'"),
        ("store = 5", "store: a string, got 5"),
        ("grpc-port = 1", "grpc-port: no setting has this name; did you mean grpc_port?"),
        ("[server]\ngrpc_port = 1", "server: no setting has this name"),
        ("xyzzy = 1", "xyzzy: no setting has this name; docs/reference/settings.md lists them"),
        ("grpc_port = ", "no TOML: Invalid value"),
        ("max_tags = 1\nmax_tags = 2", "no TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_in_a_file_names_the_file_the_key_and_the_range(
    tmp_path: Path, text: str, said: str
) -> None:
    done = checked(config(tmp_path, text))
    assert done.exit_code == 2
    assert f"swash: {tmp_path}/swash.toml: {said}" in done.stderr
    assert not done.stdout


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        done = checked(f"--config={path}")
        assert done.exit_code == 2
        assert str(path) in done.stderr
        assert said in done.stderr
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    assert "no TOML" in checked(f"--config={binary}").stderr
    binary.write_bytes(bytes(2**20 + 1))
    assert "at most 1048576 bytes" in checked(f"--config={binary}").stderr


def test_a_wrong_variable_of_the_environment_is_told_as_one() -> None:
    done = checked(SWASH_MAX_TAGS="-1")
    assert done.exit_code == 2
    assert "environment: max-tags: 0 to 100000, got -1" in done.stderr


def test_a_path_in_a_file_is_meant_from_its_folder_and_off_is_off(tmp_path: Path) -> None:
    file = config(tmp_path, 'store = "sounds"\n')
    assert f'store = "{tmp_path}/sounds"  # file' in checked(file, "--grpc-port=0", "--http-port=0").stdout
    assert 'store = "off"  # file' in checked(config(tmp_path, 'store = "off"\n')).stdout


def test_what_is_printed_is_a_file_of_the_same_settings(tmp_path: Path) -> None:
    flags = ("--cors-origin=https://a.example", "--cors-origin=https://b.example", f"--store={tmp_path}/a store")
    first = checked("--grpc-port=0", "--http-port=0", "--grace-s=2.5", *flags)
    assert first.exit_code == 0, first.output
    again = checked(config(tmp_path, first.stdout))
    assert tomllib.loads(again.stdout) == tomllib.loads(first.stdout)
    assert tomllib.loads(first.stdout)["store"] == f"{tmp_path}/a store"


def test_a_port_that_is_taken_is_found_and_nothing_is_started(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for flags in ((f"--grpc-port={port}", "--http-port=0"), ("--grpc-port=0", f"--http-port={port}")):
            done = checked(*flags, f"--store={store}")
            assert done.exit_code == 2
            assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert not store.exists()
    same = checked(f"--grpc-port={port}", f"--http-port={port}", "--store=off")
    assert (same.exit_code, "the port of gRPC already" in same.stderr) == (2, True)
    assert checked(f"--grpc-port={port}", "--http-port=0", "--store=off").exit_code == 0


def test_a_store_that_cannot_be_written_to_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for store in (tmp_path / "file", tmp_path / "file" / "below"):
        done = checked("--grpc-port=0", "--http-port=0", f"--store={store}")
        assert done.exit_code == 2
        assert f"{tmp_path}/file is no folder" in done.stderr


def test_a_model_that_is_not_there_is_found(tmp_path: Path) -> None:
    done = checked(*QUIET, f"--model={tmp_path}")
    assert done.exit_code == 2
    assert f"missing: {tmp_path}/model_config.json" in done.stderr
    assert "swash model check" in done.stderr


def test_a_password_in_an_address_is_not_shown() -> None:
    done = checked(*QUIET, "--otel-endpoint=http://me:sesame@collector.example:4318")
    assert 'otel_endpoint = "http://me:***@collector.example:4318"  # flag' in done.stdout
    assert "sesame" not in done.output


def test_several_processes_and_a_model_are_refused_together() -> None:
    done = checked("--io-processes=2", "--model=here")
    assert done.exit_code == 2
    assert "io-processes: 1 together with a model" in done.stderr


def test_the_example_is_valid_and_so_is_what_is_commented_out() -> None:
    told = EXAMPLE.read_text()
    done = checked(f"--config={EXAMPLE}", *QUIET)
    assert done.exit_code == 0, done.output
    for line in told.splitlines():
        if line.startswith("#") and " = " in line:  # what is commented out is valid too
            key, _, value = line.removeprefix("#").strip().partition(" = ")
            assert key in Settings.__dataclass_fields__
            assert tomllib.loads(f"x = {value}")
