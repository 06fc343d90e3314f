"""What is deployed on a Ray cluster: none but that of tests was at hand, so files are compared with what is."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from swash_server.settings import InvalidSettingError, Settings
from tests import tools

FOLDER = tools.ROOT / "deploy/ray"
VERSIONS = ("1.31", "1.37")
CONFIG: dict[str, Any] = yaml.safe_load((FOLDER / "serve.yaml").read_text())
SERVICE, *OTHERS = yaml.safe_load_all((FOLDER / "rayservice.yaml").read_text())
CLUSTER: dict[str, Any] = SERVICE["spec"]["rayClusterConfig"]
(WORKERS,) = CLUSTER["workerGroupSpecs"]
(DEPLOYED,) = CONFIG["applications"][0]["deployments"]
FRONT: dict[str, Any] = OTHERS[0]["spec"]["template"]["spec"]

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


def test_the_file_is_one_by_the_schema_of_ray_serve() -> None:
    tools.ray()
    from ray.serve.schema import ServeDeploySchema

    from swash_server.workers import ray_replica

    (application,) = ServeDeploySchema.model_validate(CONFIG).applications
    assert application.name == Settings(store=None).ray_app
    module, _, name = application.import_path.partition(":")
    assert (module, getattr(ray_replica, name)) == (ray_replica.__name__, ray_replica.app)
    choice = ray_replica.choice_of(application.args)
    assert (str(choice.folder), choice.precision, choice.device) == ("/weights", "auto", "cpu")
    assert [each.name for each in application.deployments] == [ray_replica.DEPLOYMENT]


def test_a_pool_whose_replicas_are_all_busy_counts_as_too_small() -> None:
    assert DEPLOYED["autoscaling_config"]["target_ongoing_requests"] < DEPLOYED["max_ongoing_requests"]


def test_what_the_file_does_not_say_would_be_the_same() -> None:
    tools.ray()
    from swash_server.workers.ray_replica import DEFAULTS

    assert {name: DEPLOYED[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("arguments", [{}, {"model": ""}, {"model": "/weights", "modle": "x"}])
def test_arguments_of_the_file_that_mean_nothing_are_refused(arguments: dict[str, str]) -> None:
    tools.ray()
    from swash_server.workers import ray_replica

    with pytest.raises(InvalidSettingError, match="args"):
        ray_replica.app(arguments)


def test_the_pool_on_kubernetes_is_the_same() -> None:
    assert yaml.safe_load(SERVICE["spec"]["serveConfigV2"]) == CONFIG
    assert CLUSTER["rayVersion"] in next(
        line for line in (tools.ROOT / "pyproject.toml").read_text().splitlines() if "ray[serve]" in line
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_pods_and_manifests_are_such_by_the_schemas_of_kubernetes(version: str) -> None:
    for manifest in OTHERS:
        kubernetes_validate.validate(manifest, version, strict=True)
    for template in (CLUSTER["headGroupSpec"]["template"], WORKERS["template"]):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **template}
        kubernetes_validate.validate(pod, version, strict=True)


def test_each_replica_finds_a_pod_with_its_cores_weights_and_time_to_end() -> None:
    scaling = DEPLOYED["autoscaling_config"]
    assert (WORKERS["minReplicas"], WORKERS["maxReplicas"]) == (scaling["min_replicas"], scaling["max_replicas"])
    (container,) = WORKERS["template"]["spec"]["containers"]
    cores = str(DEPLOYED["ray_actor_options"]["num_cpus"])
    assert container["resources"]["requests"]["cpu"] == WORKERS["rayStartParams"]["num-cpus"] == cores
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == [
        CONFIG["applications"][0]["args"]["model"]
    ]
    ends_s = WORKERS["template"]["spec"]["terminationGracePeriodSeconds"]
    assert ends_s > DEPLOYED["graceful_shutdown_timeout_s"]
    (head,) = CLUSTER["headGroupSpec"]["template"]["spec"]["containers"]
    (front,) = FRONT["containers"]
    assert head["image"] == container["image"] == front["image"]


def test_servers_join_the_cluster_with_its_token_and_offer_it_nothing() -> None:
    (front,) = FRONT["containers"]
    assert f"--address={SERVICE['metadata']['name']}-head-svc:6379 --num-cpus=0 " in front["args"][0]
    secret = next(each for each in front["env"] if each["name"] == "RAY_AUTH_TOKEN")["valueFrom"]["secretKeyRef"]
    assert CLUSTER["authOptions"] == {"mode": "token", "secretName": secret["name"]}
    assert "--ray-address auto" in front["args"][0]
