"""The manifests for Kubernetes: no cluster was at hand, so what they say is compared with what is."""

import re
import socket
import urllib.request
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from click.testing import CliRunner

from swash_server import config_file
from swash_server.cli.serve import serve
from swash_server.settings import MIB, Settings
from tests import tools
from tests.deploy import envoy
from tests.deploy.prometheus import expressions
from tests.serving import ServerProcess

FOLDER = tools.ROOT / "deploy/kubernetes"
VERSIONS = ("1.31", "1.37")  # preStop of Envoy sleeps, which 1.30 was the first to do unasked
OTHERS = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1", "kustomize.config.k8s.io/v1beta1"}
LIVE_MIB = 378  # the server and two processes of live voices: benchmarks/LOG.md
END_S = 10.0  # of a server after its grace: live voices fade, what is finished is kept, spans are sent
PINNED = re.compile(r".+:v?\d+\.\d+\.\d+[\w.-]*")


def documents(name: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]


FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
MANIFESTS: dict[str, dict[str, Any]] = {
    f"{each['kind']}/{each.get('metadata', {}).get('name', '')}": each
    for name in FILES
    for each in documents(name)
}
WORKLOADS = {name: each for name, each in MANIFESTS.items() if each["kind"] in {"Deployment", "StatefulSet"}}


def pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = MANIFESTS[name]["spec"]["template"]["spec"]
    return found


def container(name: str) -> dict[str, Any]:
    (found,) = pod(name)["containers"]
    return dict(found)


def quantity_mib(text: str) -> float:
    """Return a quantity of memory."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi|gb)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"Mi": 1, "Gi": 1024, "gb": 1024}[unit]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of the ConfigMap, as a server of the Deployment has them."""
    file = tmp_path_factory.mktemp("config") / "swash.toml"
    file.write_text(MANIFESTS["ConfigMap/swash"]["data"]["swash.toml"])
    values = config_file.read(file)
    return Settings(**{**values, "store": Path(values["store"])})


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_one_by_the_schema_of_its_kind(version: str) -> None:
    checked = [each for each in MANIFESTS.values() if each["apiVersion"] not in OTHERS]
    assert len(checked) > 12
    for manifest in checked:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_field_that_is_misspelt_would_be_found() -> None:
    wrong = {**MANIFESTS["PodDisruptionBudget/swash"], "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_what_is_applied_together_is_there_and_what_is_a_choice_is_not_among_it() -> None:
    (kustomization,) = documents("kustomization.yaml")
    applied = set(kustomization["resources"])
    assert applied <= set(FILES)
    assert set(FILES) - applied == {
        "kustomization.yaml", "secrets.example.yaml", "keda.yaml", "hpa.yaml", "pod-monitor.yaml",
    }  # fmt: skip


def test_the_settings_pass_the_servers_own_check(settings: Settings, tmp_path: Path) -> None:
    """But for what is of the cluster alone: its ports, folders and names."""
    assert settings.insecure_bind == "on"
    text = MANIFESTS["ConfigMap/swash"]["data"]["swash.toml"]
    here = text.replace("/var/lib/swash", str(tmp_path)).replace("swash-redis", "127.0.0.1")
    file = tmp_path / "swash.toml"
    file.write_text(here)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = [f"--grpc-port={one.getsockname()[1]}", f"--http-port={other.getsockname()[1]}"]
    checked = CliRunner().invoke(serve, ["--config", str(file), *ports, "--check-config"])
    wrong = [line for line in checked.output.splitlines() if line.startswith("WRONG")]
    assert [line for line in wrong if "shared" not in line] == [], checked.output


def test_the_servers_are_started_as_the_command_line_wants_it() -> None:
    server = container("Deployment/swash")
    assert server["args"][0] == "serve"
    flags = {option for parameter in serve.params for option in parameter.opts}
    assert {arg for arg in server["args"] if arg.startswith("--")} <= flags
    named = {each["name"] for each in server["env"]}
    assert named <= {f"SWASH_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert "SWASH_NODE" in named  # or commands of live sessions would go astray
    mounts = {each["mountPath"] for each in server["volumeMounts"]}
    assert str(Path(server["args"][2]).parent) in mounts


def test_paths_of_the_settings_are_in_volumes(settings: Settings) -> None:
    mounts = {each["mountPath"]: each["name"] for each in container("Deployment/swash")["volumeMounts"]}
    assert settings.store is not None
    sounds = mounts[str(settings.store.parent)]
    (volume,) = (each for each in pod("Deployment/swash")["volumes"] if each["name"] == sounds)
    assert quantity_mib(volume["emptyDir"]["sizeLimit"]) > settings.store_mib
    commented = re.findall(r'# tokens = "(.+)"', MANIFESTS["ConfigMap/swash"]["data"]["swash.toml"])
    assert [str(Path(path).parent) in mounts for path in commented] == [True]
    assert Path(commented[0]).name in MANIFESTS["Secret/swash"]["stringData"]


def test_every_port_is_the_one_that_is_listened_on(settings: Settings) -> None:
    ports = {each["name"]: each["containerPort"] for each in container("Deployment/swash")["ports"]}
    assert ports == {"grpc": settings.grpc_port, "http": settings.http_port}
    server = container("Deployment/swash")
    for probe in ("startupProbe", "readinessProbe"):
        assert server[probe]["grpc"]["port"] == settings.grpc_port
    (monitored,) = MANIFESTS["PodMonitor/swash"]["spec"]["podMetricsEndpoints"]
    assert monitored["port"] in ports
    annotations = MANIFESTS["Deployment/swash"]["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["prometheus.io/port"]) == settings.http_port
    listener = yaml.safe_load(envoy.config())["static_resources"]["listeners"][0]
    (callers,) = container("Deployment/swash-envoy")["ports"]
    assert callers["containerPort"] == listener["address"]["socket_address"]["port_value"]
    assert (
        settings.shared
        == f"redis://swash-redis:{container('StatefulSet/swash-redis')['ports'][0]['containerPort']}/0"
    )


def test_a_server_is_asked_whether_it_lives_where_it_says_so(server: ServerProcess) -> None:
    probe = container("Deployment/swash")["livenessProbe"]["httpGet"]
    assert probe["port"] == "http"
    with urllib.request.urlopen(server.http + probe["path"], timeout=10) as answer:
        assert answer.status == 200


def test_services_lead_to_ports_that_pods_have() -> None:
    for name, service in MANIFESTS.items():
        if service["kind"] != "Service":
            continue
        selector = service["spec"]["selector"]
        (target,) = (
            each
            for each in WORKLOADS.values()
            if each["spec"]["template"]["metadata"]["labels"].items() >= selector.items()
        )
        named = {each["name"] for each in target["spec"]["template"]["spec"]["containers"][0]["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= named, name


def test_envoy_finds_the_servers_by_the_name_that_they_have(settings: Settings) -> None:
    clusters = yaml.safe_load(envoy.config())["static_resources"]["clusters"]
    for cluster, port in zip(clusters, (settings.grpc_port, settings.http_port), strict=True):
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        address = endpoint["endpoint"]["address"]["socket_address"]
        assert f"Service/{address['address']}" in MANIFESTS
        assert address["port_value"] == port
    service = MANIFESTS["Service/swash"]["spec"]
    assert service["clusterIP"] == "None"  # each address, not one for all


def test_nobody_is_killed_before_the_time_that_it_was_given(settings: Settings) -> None:
    within_s = settings.drain_s + settings.grace_s + END_S
    assert within_s <= pod("Deployment/swash")["terminationGracePeriodSeconds"]
    # Envoy needs so long to notice, kubelet and the endpoints somewhat longer.
    assert settings.drain_s >= 5.0
    proxy = pod("Deployment/swash-envoy")
    assert (
        container("Deployment/swash-envoy")["lifecycle"]["preStop"]["sleep"]["seconds"]
        < (proxy["terminationGracePeriodSeconds"])
    )


def test_a_server_has_the_memory_and_the_cores_that_its_settings_take(settings: Settings) -> None:
    resources = container("Deployment/swash")["resources"]
    assert LIVE_MIB + settings.memory_mib + settings.recording_mib < quantity_mib(resources["limits"]["memory"])
    # os.cpu_count() tells those of the machine, not of the container: none may be left to it.
    assert settings.workers == settings.live_workers == int(resources["requests"]["cpu"])
    redis = container("StatefulSet/swash-redis")
    maximum = redis["args"][redis["args"].index("--maxmemory") + 1]
    assert quantity_mib(maximum) < quantity_mib(redis["resources"]["limits"]["memory"])
    assert settings.shared_max_mib * MIB < 512 * MIB


def test_nobody_is_root_or_writes_where_nothing_is_to_be_written() -> None:
    assert len(WORKLOADS) == 3
    for name in WORKLOADS:
        assert pod(name)["securityContext"]["runAsNonRoot"] is True
        assert pod(name)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod(name)["automountServiceAccountToken"] is False
        own = container(name)["securityContext"]
        assert own["readOnlyRootFilesystem"] is True
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert PINNED.fullmatch(container(name)["image"]), name
        assert "memory" in container(name)["resources"]["limits"]


def test_strangers_reach_envoy_alone() -> None:
    for name, manifest in MANIFESTS.items():
        if manifest["kind"] == "Service":
            assert (manifest["spec"].get("type") == "LoadBalancer") == (name == "Service/swash-envoy"), name
    for workload in ("swash", "swash-redis"):
        policy = MANIFESTS[f"NetworkPolicy/{workload}"]["spec"]
        assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": workload}
        assert all(rule["from"] for rule in policy["ingress"])


def test_one_server_is_always_there() -> None:
    assert MANIFESTS["Deployment/swash"]["spec"]["replicas"] >= 2
    assert MANIFESTS["Deployment/swash"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert MANIFESTS["PodDisruptionBudget/swash"]["spec"]["maxUnavailable"] == 1


# https://keda.sh/docs/2.17/reference/scaledobject-spec/ and .../scalers/prometheus/, .../scalers/cpu/
KEDA_SPEC = {
    "scaleTargetRef", "pollingInterval", "cooldownPeriod", "initialCooldownPeriod", "idleReplicaCount",
    "minReplicaCount", "maxReplicaCount", "fallback", "advanced", "triggers",
}  # fmt: skip
KEDA_PROMETHEUS = {
    "serverAddress", "query", "threshold", "activationThreshold", "namespace", "customHeaders", "ignoreNullValues",
    "queryParameters", "unsafeSsl", "timeout", "authModes",
}  # fmt: skip


def test_keda_is_told_what_it_knows_about_a_deployment_that_is_there() -> None:
    scaled = MANIFESTS["ScaledObject/swash"]["spec"]
    assert scaled.keys() <= KEDA_SPEC
    assert f"Deployment/{scaled['scaleTargetRef']['name']}" in MANIFESTS
    assert scaled["minReplicaCount"] == MANIFESTS["Deployment/swash"]["spec"]["replicas"]
    assert scaled["fallback"].keys() == {"failureThreshold", "replicas"}
    behavior = {"behavior": scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]}
    horizontal = MANIFESTS["HorizontalPodAutoscaler/swash"]
    kubernetes_validate.validate(
        {**horizontal, "spec": {**horizontal["spec"], **behavior}}, VERSIONS[-1], strict=True
    )
    for trigger in scaled["triggers"]:
        metadata = trigger["metadata"]
        assert all(isinstance(value, str) for value in metadata.values())
        if trigger["type"] == "prometheus":
            assert {"serverAddress", "query", "threshold"} <= metadata.keys() <= KEDA_PROMETHEUS
            assert float(metadata["threshold"]) > 0
        else:
            assert trigger == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}


def test_queries_ask_for_metrics_that_servers_have_under_the_job_that_they_get() -> None:
    known = set(
        re.findall(r"^\| `(\w+)` \|", (tools.ROOT / "docs/reference/metrics.md").read_text(), re.MULTILINE)
    )
    triggers = MANIFESTS["ScaledObject/swash"]["spec"]["triggers"]
    queries = [each["metadata"]["query"] for each in triggers if each["type"] == "prometheus"]
    assert queries
    (job,) = {job for expr in expressions().values() for job in re.findall(r'job="(\w+)"', expr)}
    for query in queries:
        assert set(re.findall(r"\bswash_\w+", query)) <= known, query
        assert f'{{job="{job}"}}' in query
    monitor = MANIFESTS["PodMonitor/swash"]["spec"]
    assert monitor.keys() == {"jobLabel", "selector", "podMetricsEndpoints"}
    labels = MANIFESTS["Deployment/swash"]["spec"]["template"]["metadata"]["labels"]
    assert labels[monitor["jobLabel"]] == job
    assert labels.items() >= monitor["selector"]["matchLabels"].items()


def test_each_threshold_is_below_what_one_server_may_have(settings: Settings) -> None:
    most = {
        "swash_recording_sounds": settings.max_recordings,
        "swash_waiting_sounds": settings.max_neural_queue,
        "swash_live_voices": settings.max_voices,
    }
    for trigger in MANIFESTS["ScaledObject/swash"]["spec"]["triggers"]:
        for name in re.findall(r"swash_\w+", trigger["metadata"].get("query", "")):
            assert float(trigger["metadata"]["threshold"]) < most[name]
