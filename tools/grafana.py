"""Write deploy/grafana/dashboards/swash.json: the dashboard of swash servers, for Grafana 11.

Grafana's files repeat everything in every panel; what is shown stands in grafana_rows.py, once.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from tools.grafana_panel import Line, Panel
from tools.grafana_rows import ROWS

DASHBOARD = Path(__file__).parent.parent / "deploy" / "grafana" / "dashboards" / "swash.json"
SCHEMA_VERSION = 39  # Grafana 11.0; later ones read it
WIDTH = 24  # of the grid, in columns
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

Json: TypeAlias = dict[str, Any]


def dashboard() -> Json:
    """Return the dashboard as Grafana's JSON model."""
    return {
        "annotations": {"list": []},
        "description": "A swash server: calls, engines, live sessions, store and memory.",
        "editable": True,
        "graphTooltip": 1,  # one crosshair for all
        "links": [],
        "panels": list(_placed()),
        "refresh": "10s",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["swash"],
        "templating": {"list": _variables()},
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": "swash",
        "uid": "swash",
        "version": 1,
    }


def _variables() -> list[Json]:
    instances = 'label_values(up{job="swash"}, instance)'
    return [
        {"name": "datasource", "type": "datasource", "label": "Prometheus", "query": "prometheus", "hide": 0},
        {
            "name": "instance", "type": "query", "label": "Server", "datasource": DATASOURCE,
            "definition": instances, "query": {"query": instances, "refId": "instances"},
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        },
    ]  # fmt: skip


def _placed() -> Iterator[Json]:
    """Yield rows and panels with their places, line by line from the left."""
    y, number_ = 0, 0
    for title, panels in ROWS.items():
        number_ += 1
        yield {
            "id": number_, "type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        }  # fmt: skip
        y, x, height = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            number_ += 1
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            yield {"id": number_, "gridPos": place, **_panel(panel)}
            x, height = x + panel.width, panel.height
        y += height


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_target(line, chr(ord("A") + at)) for at, line in enumerate(panel.lines)],
        "fieldConfig": {"defaults": _field(panel), "overrides": [_dashed(line) for line in _limits(panel)]},
        "options": _options(panel),
    }


def _target(line: Line, name: str) -> Json:
    return {
        "refId": name,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": line.expr,
        "legendFormat": line.legend or "__auto",
        "range": True,
    }


def _field(panel: Panel) -> Json:
    steps = [
        {"color": colour, "value": start if at else None}  # the first step holds below everything
        for at, (colour, start) in enumerate(panel.steps.items())
    ]
    defaults: Json = {
        "unit": panel.unit,
        "min": 0,
        "noValue": "-",
        "color": {"mode": "thresholds" if steps and panel.kind != "timeseries" else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": steps or [{"color": "text", "value": None}]},
    }
    if panel.words:
        words = {str(value): {"text": word, "index": at} for at, (value, word) in enumerate(panel.words.items())}
        defaults["mappings"] = [{"type": "value", "options": words}]
    if panel.top is not None:
        defaults["max"] = panel.top
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "never",
            "spanNulls": False,  # where the server was away there is a gap
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "scaleDistribution": {"type": "log", "log": 10} if panel.logarithmic else {"type": "linear"},
            "thresholdsStyle": {"mode": "dashed" if steps else "off"},
        }
        if panel.logarithmic:
            del defaults["min"]  # there is no 0 on such a scale
    return defaults


def _limits(panel: Panel) -> list[str]:
    return [line.legend.partition("{{")[0].strip() for line in panel.lines if line.limit]


def _dashed(legend: str) -> Json:
    return {
        "matcher": {"id": "byRegexp", "options": f"/^{legend}/"},
        "properties": [
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}},
            {"id": "custom.fillOpacity", "value": 0},
        ],
    }


def _options(panel: Panel) -> Json:
    if panel.kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "area",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
    if panel.kind == "state-timeline":
        shown = "auto" if panel.words else "never"
        return {"legend": {**legend, "showLegend": False}, "mergeValues": True, "showValue": shown}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def text() -> str:
    """Return the file's text."""
    return json.dumps(dashboard(), indent=2) + "\n"


def main() -> None:
    """Write the dashboard."""
    DASHBOARD.write_text(text())


if __name__ == "__main__":
    main()
