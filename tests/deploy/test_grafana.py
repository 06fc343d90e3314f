"""The dashboard: what its queries give is tried in test_prometheus.py, against a real Prometheus."""

import re
from itertools import combinations
from typing import Any

import yaml

from tests.deploy.prometheus import DEPLOY, expressions
from tests.deploy.test_prometheus import DOCUMENTED
from tools import grafana
from tools.grafana_rows import ROWS

# Panels that Grafana has without a plugin.
CORE = {"row", "stat", "timeseries", "state-timeline"}
# https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
UNITS = {"none", "s", "bytes", "Bps", "ops", "reqps", "percentunit"}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = grafana.dashboard()["panels"]
    return found


def shown() -> list[dict[str, Any]]:
    return [panel for panel in panels() if panel["type"] != "row"]


def queries() -> str:
    return "\n".join(target["expr"] for panel in shown() for target in panel["targets"])


def test_the_file_is_what_the_generator_writes() -> None:
    assert grafana.DASHBOARD.read_text() == grafana.text(), "run python -m tools.grafana"


def test_rows_and_panels_stand_side_by_side_within_the_page() -> None:
    assert [panel["title"] for panel in panels() if panel["type"] == "row"] == list(ROWS)
    assert len({panel["id"] for panel in panels()}) == len(panels())
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= grafana.WIDTH
    for one, other in combinations([panel["gridPos"] for panel in panels()], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_every_panel_needs_no_plugin_and_says_what_it_shows_in_which_unit() -> None:
    for panel in panels():
        assert panel["type"] in CORE
    for panel in shown():
        assert re.match(r"[A-Z0-9].+\.$", panel["description"]), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["targets"]
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        values = [step["value"] for step in steps]
        assert values[0] is None
        assert values[1:] == sorted(values[1:])


def test_one_may_choose_the_prometheus_and_the_servers() -> None:
    variables = {variable["name"]: variable for variable in grafana.dashboard()["templating"]["list"]}
    assert variables.keys() == {"datasource", "instance"}
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["instance"]["query"]["query"] == 'label_values(up{job="swash"}, instance)'
    for panel in shown():
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert "ALERTS" in target["expr"] or '{job="swash", instance=~"$instance"' in target["expr"]


def test_every_metric_of_a_query_is_one_of_the_server_or_of_a_rule() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", DOCUMENTED.read_text(), re.MULTILINE))
    known = documented | expressions().keys() | {"up", "ALERTS"}
    for name in re.findall(r"([a-zA-Z_:][\w:]*)\{", queries()):
        assert {name, re.sub(r"_(sum|count|bucket)$", "", name)} & known, name


def test_whatever_the_server_tells_is_on_the_dashboard_or_in_a_rule() -> None:
    everything = queries() + "\n".join(expressions().values())
    documented = re.findall(r"^\| `(swash_\w+)` \| (\w+)", DOCUMENTED.read_text(), re.MULTILINE)
    assert len(documented) > 30
    left_out = {
        "swash_pinned_takes",
        "swash_behind_limit_sounds",
        "swash_behind_total",
    }  # in figures, one asks for them
    assert {name for name, _ in documented if name not in everything} == left_out


def test_grafana_finds_the_dashboard_and_the_prometheus() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "swash.yml").read_text())["providers"]
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    assert provider["type"] == "file"
