"""What a panel of the dashboard is made of, and how its queries are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

RATE = "$__rate_interval"  # Grafana's: four scrapes, or more where a point stands for longer

Kind: TypeAlias = Literal["stat", "timeseries", "state-timeline"]


@dataclass(frozen=True)
class Line:
    """One query and how its series are called; a limit is drawn dashed."""

    expr: str
    legend: str = ""
    limit: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel. `steps` colour values from these on, `words` stand for values; `unit` is a name of Grafana's."""

    title: str
    description: str
    unit: str
    lines: tuple[Line, ...]
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    logarithmic: bool = False
    top: float | None = None
    steps: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[int, str] = field(default_factory=dict)


def of(metric: str, **labels: str) -> str:
    """Return the series of a metric that belong to the chosen servers."""
    chosen = {"job": '="swash"', "instance": '=~"$instance"'} | {k: f'="{v}"' for k, v in labels.items()}
    return f"{metric}{{{', '.join(name + match for name, match in chosen.items())}}}"


def rate(metric: str, by: str, **labels: str) -> str:
    """Return how much a counter rises in a second, by a label."""
    return f"sum by ({by}) (rate({of(metric, **labels)}[{RATE}]))"


def number(title: str, description: str, unit: str, expr: str, **steps: float) -> Panel:
    """Return a single number of the top row."""
    return Panel(title, description, unit, (Line(expr),), "stat", 4, 4, steps=steps)
