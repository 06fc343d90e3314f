"""compose.yaml and the image: they cannot be run here, so what they name is looked up."""

import json
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from swash_server.settings import Settings
from tests import tools
from tests.deploy.prometheus import DEPLOY
from tests.serving import ServerProcess

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PINNED = re.compile(r".+:v?\d+\.\d+\.\d+[\w.-]*")


def instructions(name: str) -> list[str]:
    """Return the arguments of every instruction of the Dockerfile that is called so."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, re.MULTILINE)


def copied() -> set[str]:
    """Return what the image is built from, as paths in the repository."""
    copies = [shlex.split(each) for each in instructions("COPY")]
    return {path.removeprefix("./") for copy in copies if "--from" not in copy[0] for path in copy[:-1]}


def mounts() -> dict[str, Path]:
    """Return what of this folder is seen in the containers: where, and what it is."""
    found = {}
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            source, target, *mode = volume.split(":")
            if source.startswith("."):
                assert mode == ["ro"], volume
                found[f"{name}:{target}"] = DEPLOY / source
    return found


def inside(service: str, path: str) -> Path:
    """Return the file that a path in a container is here."""
    where = {target: source for target, source in mounts().items() if f"{service}:{path}".startswith(f"{target}/")}
    ((target, source),) = where.items()
    return source / f"{service}:{path}".removeprefix(f"{target}/")


def test_every_image_is_pinned_to_a_version() -> None:
    for name, service in SERVICES.items():
        assert PINNED.fullmatch(service["image"]), name
    for base in instructions("FROM"):
        assert PINNED.fullmatch(base.split()[0]), base


def test_the_image_is_built_from_this_tree_and_has_its_version() -> None:
    build = SERVICES["swash"]["build"]
    assert (DEPLOY / build["context"]).resolve() == tools.ROOT
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    project = tomllib.loads((tools.ROOT / "pyproject.toml").read_text())
    assert SERVICES["swash"]["image"] == f"swash:{project['project']['version']}"
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for package in packages:
        assert any(package.startswith(f"{path}/") for path in copied()), package
    for path in (project["project"]["readme"], *project["project"]["license-files"]):
        assert path in copied()


def test_what_the_image_is_built_from_is_there_and_not_ignored() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert allowed == copied()
    for path in copied():
        assert (tools.ROOT / path).exists(), path


def test_nobody_is_root() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM") :]
    (user,) = re.findall(r"^USER (\d+)$", last, re.MULTILINE)
    assert int(user) > 0
    assert last.index("\nUSER") < last.index("\nENTRYPOINT")
    assert SERVICES["swash"]["cap_drop"] == ["ALL"]
    assert SERVICES["swash"]["read_only"] is True


def test_the_image_names_settings_that_exist_and_serves() -> None:
    fields = {f"SWASH_{name.upper()}" for name in Settings.__dataclass_fields__}
    named = set(re.findall(r"\b(SWASH_\w+)=", DOCKERFILE))
    assert named
    assert named <= fields
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) + json.loads(command) == ["swash", "serve"]
    (exposed,) = instructions("EXPOSE")
    assert exposed.split() == [str(Settings().grpc_port), str(Settings().http_port)]


def test_the_store_survives_in_a_volume() -> None:
    (store,) = re.findall(r"SWASH_STORE=(\S+)", DOCKERFILE)
    (volume,) = instructions("VOLUME")
    assert store.startswith(f"{volume}/")
    assert f"swash:{volume}" in SERVICES["swash"]["volumes"]


def healthy(http: str) -> bool:
    """Return what the image's own check says of a server."""
    (check,) = re.findall(r'CMD (\["python".+\])', " ".join(instructions("HEALTHCHECK")))
    program = json.loads(check)[2].replace("http://127.0.0.1:8080", http)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_the_image_knows_when_it_is_well(server: ServerProcess) -> None:
    assert healthy(server.http)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not healthy(f"http://127.0.0.1:{free.getsockname()[1]}")


def test_every_service_is_checked_and_waits_for_what_it_needs() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    for name, service in SERVICES.items():
        assert name == "swash" or service["healthcheck"]["test"][0] == "CMD"
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert how["condition"] in {"service_started", "service_healthy"}
        assert service["restart"] == "unless-stopped"


def test_every_port_is_open_on_this_machine_alone_and_once() -> None:
    ports = [port for service in SERVICES.values() for port in service["ports"]]
    assert all(fnmatch(port, "127.0.0.1:*:*") for port in ports)
    assert len(set(ports)) == len(ports)


def test_every_mount_is_there() -> None:
    for source in mounts().values():
        assert source.is_dir(), source
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert {name for name in named if not name.startswith(".")} == COMPOSE["volumes"].keys()


def test_prometheus_finds_its_rules_and_the_server() -> None:
    (flag,) = (word for word in SERVICES["prometheus"]["command"] if word.startswith("--config.file="))
    path = inside("prometheus", flag.partition("=")[2])
    config = yaml.safe_load(path.read_text())
    for rules in config["rule_files"]:
        assert (path.parent / rules).exists()
    ((scraped,),) = ([each["targets"] for each in job["static_configs"]] for job in config["scrape_configs"])
    assert scraped == [f"swash:{Settings().http_port}"]


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    provisioning = inside("grafana", "/etc/grafana/provisioning/datasources")
    (source,) = yaml.safe_load((provisioning / "prometheus.yml").read_text())["datasources"]
    assert re.fullmatch(r"http://(\w+):9090", source["url"])[1] in SERVICES  # type: ignore[index]
    dashboards = inside("grafana", "/etc/grafana/provisioning/dashboards")
    (provider,) = yaml.safe_load((dashboards / "swash.yml").read_text())["providers"]
    assert mounts()[f"grafana:{provider['options']['path']}"] == DEPLOY / "grafana" / "dashboards"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert json.loads(inside("grafana", home).read_text())["uid"] == "swash"


def test_nobody_can_log_in_with_a_password_that_everybody_knows() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
