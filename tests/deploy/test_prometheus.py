"""Metrics as Prometheus reads them, and the alerts that it raises of them."""

import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from swash_server.settings import Settings
from tests import tools
from tests.deploy import servers
from tests.deploy.prometheus import FOLDER, alerts, eventually, expressions
from tests.deploy.servers import Watched
from tests.serving import ServerProcess
from tools.grafana import dashboard

pytestmark = pytest.mark.xdist_group("prometheus")

GUIDE = tools.ROOT / "docs" / "guides" / "monitoring.md"
DOCUMENTED = tools.ROOT / "docs" / "reference" / "metrics.md"
# As what a rule gives, not as a filter; label matchers (!=, =~, !~) are left alone.
COMPARISON = re.compile(r"(?<![=!~<>])(>=|<=|==|>|<)(?![=~])")


@pytest.fixture(scope="module")
def watched(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with servers.watched(server, tmp_path_factory.mktemp("watched")) as everything:
        yield everything


def promtool(*arguments: str | Path, given: bytes | None = None) -> str:
    """Return what promtool says, which must be content."""
    done = subprocess.run([tools.promtool(), *arguments], input=given, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def exposed(server: ServerProcess, accept: str = "") -> tuple[str, bytes]:
    request = urllib.request.Request(f"{server.http}/metrics", headers={"accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["content-type"], answer.read()


def test_promtool_has_nothing_against_configuration_and_rules() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")
    promtool("check", "rules", FOLDER / "rules.yml", FOLDER / "alerts.yml")


def test_promtool_has_nothing_against_the_metrics(server: ServerProcess) -> None:
    kind, text = exposed(server)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert promtool("check", "metrics", given=text) == ""


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "text/html, application/openmetrics-text; version=nonsense",
    ],
)
def test_whoever_asks_for_openmetrics_gets_it(server: ServerProcess, accept: str) -> None:
    kind, text = exposed(server, accept)
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith(b"# EOF\n")
    assert b"# TYPE swash_calls counter" in text


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain;version=nonsense", ";;,,q=,", "text/html"])
def test_everybody_else_gets_plain_text(server: ServerProcess, accept: str) -> None:
    kind, text = exposed(server, accept)
    assert kind.startswith("text/plain; version=0.0.4")
    assert b"# TYPE swash_calls_total counter" in text


def test_every_limit_is_told_beside_what_it_bounds(server: ServerProcess) -> None:
    settings = Settings()
    for name, limit in {
        "swash_recording_limit_sounds": settings.max_recordings,
        "swash_recording_limit_bytes": settings.recording_mib * 2**20,
        "swash_behind_limit_sounds": settings.max_behind,
        "swash_live_limit_sessions": settings.max_sessions,
        "swash_live_limit_voices": settings.max_voices,
        "swash_pinned_limit_bytes": settings.max_pinned_mib * 2**20,
    }.items():
        assert server.metric(name) == limit, name
    for queue, limit in {"procedural": settings.max_queue, "neural": settings.max_neural_queue}.items():
        for priority in ("interactive", "preload", "bake"):
            assert server.metric("swash_waiting_limit_sounds", queue=queue, priority=priority) == limit
    assert server.metric("swash_cache_limit_bytes", tier="store") == settings.store_mib * 2**20
    assert server.metric("swash_cache_limit_bytes", tier="memory") == settings.memory_mib * 2**20


def test_the_server_tells_how_it_is(server: ServerProcess) -> None:
    assert server.metric("swash_engine_up", engine="procedural") == 1
    assert 0 < server.metric("swash_store_disk_free_bytes") < server.metric("swash_store_disk_bytes")
    assert server.metric("process_open_fds") < server.metric("process_max_fds")
    assert server.metric("process_cpu_seconds_total") > 0
    assert server.metric("swash_build_info", version="0.1.0") == 1


def test_every_metric_is_documented_and_none_has_a_prompt(server: ServerProcess) -> None:
    _, text = exposed(server)
    documented = set(re.findall(r"^\| `(\w+)` \|", DOCUMENTED.read_text(), re.MULTILINE))
    names = set(re.findall(r"^# TYPE (\w+) ", text.decode(), re.MULTILINE))
    assert {name for name in names if not name.endswith("_created")} <= documented
    labels = set(re.findall(r'(\w+)="', text.decode()))
    assert labels <= {
        "cached", "code", "encoding", "engine", "le", "machine", "method", "outcome", "priority",
        "op", "python", "queue", "reason", "stage", "tier", "transport", "version", "what",
    }  # fmt: skip


def expected() -> dict[str, str]:
    """Return every expression that is to have data, by where it stands."""
    found = {
        name: COMPARISON.sub(r"\1 bool", expr).replace(" offset 15m", "")
        for name, expr in expressions().items()
        if name != "SwashAbsent"  # has data only when there is none
    }
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "5m")
            found[f"{panel['title']} {target['refId']}"] = expr
    return found


def test_every_expression_of_every_rule_alert_and_panel_has_data(watched: Watched) -> None:
    left = expected()
    assert len(left) > 80

    def answered() -> bool:
        watched.call_again()
        for name in [name for name, expr in left.items() if watched.prometheus.series(expr)]:
            del left[name]
        return not left

    eventually(answered, lambda: left)


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    rules = [rule for group in watched.prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == expressions().keys()
    assert [rule for rule in rules if rule.get("lastError")] == []


def test_what_prometheus_reads_is_openmetrics_without_a_word_against_it(watched: Watched) -> None:
    targets = watched.prometheus.api("targets")["activeTargets"]
    assert {target["labels"]["job"] for target in targets} == {"swash"}
    assert [target["lastError"] for target in targets if target["lastError"]] == []
    assert not watched.prometheus.series('{__name__=~".+_created"}')


def test_an_engine_that_cannot_be_had_raises_an_alert(watched: Watched) -> None:
    watched.fires("SwashEngineDown", watched.broken)
    assert ("SwashEngineDown", watched.name(watched.well)) not in watched.prometheus.firing()


def test_a_full_queue_raises_alerts(watched: Watched) -> None:
    with servers.full_line(watched.busy, watched.engine):
        watched.fires("SwashQueueFull", watched.busy)
        watched.fires("SwashRefuses", watched.busy)
    assert ("SwashQueueFull", watched.name(watched.well)) not in watched.prometheus.firing()


def test_calls_that_fail_raise_an_alert(watched: Watched) -> None:
    wanted = ("SwashCallsFail", watched.name(watched.busy))

    def fires_after_another() -> bool:
        servers.failing_call(watched.busy, watched.engine)
        return wanted in watched.prometheus.firing()

    eventually(fires_after_another, watched.prometheus.firing)
    assert ("SwashCallsFail", watched.name(watched.well)) not in watched.prometheus.firing()


def test_a_server_that_is_gone_raises_an_alert_and_its_text_can_be_read(watched: Watched) -> None:
    gone = watched.name(watched.broken)
    watched.broken.stop()
    watched.fires("SwashDown", watched.broken)
    raised = watched.prometheus.api("alerts")["alerts"]
    (alert,) = (each for each in raised if each["labels"]["alertname"] == "SwashDown")
    assert alert["annotations"]["summary"] == f"{gone} does not answer"
    assert [each for each in raised if "error" in str(each["annotations"]).lower()] == []


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    headings = {f"#{title.lower()}" for title in re.findall(r"^### (\w+)$", GUIDE.read_text(), re.MULTILINE)}
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in {"critical", "warning"}, name
        assert alert["annotations"].keys() == {"summary", "description", "runbook"}, name
        page, anchor = re.fullmatch(r"(.+)(#.+)", alert["annotations"]["runbook"]).groups()  # type: ignore[union-attr]
        assert (tools.ROOT / page) == GUIDE
        assert anchor == f"#{name.lower()}"
        assert anchor in headings
    assert len(headings & {f"#{name.lower()}" for name in alerts()}) == len(alerts())


# Each is how a server is that is well, a value each minute, as promtool writes series.
WELL: Mapping[str, str] = {
    "up": "1x120",
    'swash_engine_up{engine="procedural"}': "1x120",
    'swash_calls_total{method="Render",code="OK",transport="grpc"}': "0+60x120",
    'swash_calls_total{method="Render",code="NOT_FOUND",transport="grpc"}': "0+9x120",
    'swash_cache_lookups_total{cached="memory"}': "0+50x120",
    'swash_cache_lookups_total{cached="no"}': "0+10x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="procedural",le="0.02"}': "0+60x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="procedural",le="0.5"}': "0+60x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="procedural",le="+Inf"}': "0+60x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="stable_audio",le="10.0"}': "0+6x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="stable_audio",le="60.0"}': "0+6x120",
    'swash_first_frames_seconds_bucket{cached="no",engine="stable_audio",le="+Inf"}': "0+6x120",
    'swash_render_seconds_count{engine="stable_audio"}': "0+6x120",
    'swash_quality_failures_total{engine="stable_audio",reason="silence"}': "0+1x120",
    'swash_event_loop_lag_seconds_bucket{le="0.025"}': "0+240x120",
    'swash_event_loop_lag_seconds_bucket{le="0.25"}': "0+240x120",
    'swash_event_loop_lag_seconds_bucket{le="+Inf"}': "0+240x120",
    "swash_recording_sounds": "3x120",
    "swash_recording_limit_sounds": "64x120",
    'swash_waiting_sounds{queue="neural",priority="interactive"}': "2x120",
    'swash_waiting_sounds{queue="neural",priority="bake"}': "32x120",
    'swash_waiting_limit_sounds{queue="neural",priority="interactive"}': "32x120",
    'swash_waiting_limit_sounds{queue="neural",priority="bake"}': "32x120",
    'swash_refused_total{reason="line"}': "0x120",
    'swash_refused_total{reason="client_rate"}': "0x120",
    'swash_engine_restarts_total{engine="procedural"}': "0x120",
    "swash_shared_up": "1x120",
    'swash_credentials_reads_total{what="tls",outcome="ok"}': "0x60 1x60",
    'swash_credentials_reads_total{what="tls",outcome="failed"}': "0x120",
    "swash_live_sessions": "4x120",
    "swash_live_limit_sessions": "64x120",
    "swash_live_voices": "12x120",
    "swash_live_limit_voices": "64x120",
    "swash_live_underruns_total": "0+1x120",
    "swash_live_restarts_total": "0x120",
    "swash_store_disk_free_bytes": "4000x120",
    "swash_store_disk_bytes": "10000x120",
    "swash_store_unwritten_total": "0x120",
    "swash_store_damaged_total": "0x120",
    "process_open_fds": "100x120",
    "process_max_fds": "1000x120",
    "process_start_time_seconds": "1000x120",
}
SICK: Mapping[str, Mapping[str, str]] = {
    "SwashDown": {"up": "1x110 0x10"},
    "SwashAbsent": {"up": "_x120"},
    "SwashEngineDown": {'swash_engine_up{engine="stable_audio"}': "0x120"},
    "SwashCallsFail": {'swash_calls_total{method="Render",code="INTERNAL",transport="connect"}': "0+2x120"},
    "SwashQueueFull": {'swash_waiting_sounds{queue="neural",priority="interactive"}': "2x100 32x20"},
    "SwashDiskNearlyFull": {"swash_store_disk_free_bytes": "4000x100 300x20"},
    "SwashFirstFramesSlow": {
        'swash_first_frames_seconds_bucket{cached="no",engine="procedural",le="0.02"}': "0+50x120",
    },
    "SwashNeuralFirstFramesSlow": {
        'swash_first_frames_seconds_bucket{cached="no",engine="stable_audio",le="10.0"}': "0+1x120",
    },
    "SwashHitRateCollapsed": {
        'swash_cache_lookups_total{cached="memory"}': "0+50x90 4505+5x30",
        'swash_cache_lookups_total{cached="no"}': "0+10x90 960+60x30",
    },
    "SwashRefuses": {'swash_refused_total{reason="voices"}': "0+1x120"},
    "SwashStoreUnwritten": {"swash_store_unwritten_total": "0+1x120"},
    "SwashStoreDamaged": {"swash_store_damaged_total": "0x110 3x10"},
    "SwashVoicesNearlyAll": {"swash_live_voices": "62x120"},
    "SwashUnderruns": {"swash_live_underruns_total": "0+60x120"},
    "SwashEngineProcessDied": {'swash_engine_restarts_total{engine="procedural"}': "0x115 1x5"},
    "SwashSharedDown": {"swash_shared_up": "1x110 0x10"},
    "SwashCredentialsFailed": {'swash_credentials_reads_total{what="tls",outcome="failed"}': "0x115 1x5"},
    "SwashLiveProcessDied": {"swash_live_restarts_total": "0x115 1x5"},
    "SwashEventLoopSlow": {'swash_event_loop_lag_seconds_bucket{le="0.025"}': "0+100x120"},
    "SwashBadSounds": {'swash_quality_failures_total{engine="stable_audio",reason="silence"}': "0+3x120"},
    "SwashFilesNearlyAll": {"process_open_fds": "950x120"},
    "SwashRestartsOften": {"process_start_time_seconds": "1000x105 2000x5 3000x5 4000x5"},
}  # fmt: skip


def named(series: str) -> str:
    """Return a series with the labels that Prometheus adds."""
    name, _, labels = series.partition("{")
    return f'{name}{{job="swash",instance="a:8080",{labels or "}"}'


def case(fault: Mapping[str, str], fires: tuple[str, ...]) -> dict[str, Any]:
    """Return a test of promtool: two hours of a server, at whose end exactly these alerts are firing."""
    return {
        "interval": "1m",
        "input_series": [{"series": named(name), "values": values} for name, values in {**WELL, **fault}.items()],
        "promql_expr_test": [
            {
                "expr": 'sum by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "120m",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in fires],
            }
        ],
    }


def test_each_alert_is_raised_by_its_fault_alone_and_none_without_one(tmp_path: Path) -> None:
    assert SICK.keys() == alerts().keys()
    cases = [case({}, ()), *(case(fault, (name,)) for name, fault in SICK.items())]
    file = tmp_path / "test.yml"
    rules = [str(FOLDER / "rules.yml"), str(FOLDER / "alerts.yml")]
    file.write_text(yaml.safe_dump({"rule_files": rules, "evaluation_interval": "5m", "tests": cases}))
    assert "SUCCESS" in promtool("test", "rules", file)
