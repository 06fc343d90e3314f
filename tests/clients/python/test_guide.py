import re
from pathlib import Path

import pytest

from tests.serving import ServerProcess

GUIDES = Path(__file__).parents[3] / "docs" / "guides"
EXAMPLES = [
    pytest.param(example, id=f"{guide}-{number}")
    for guide in ("python.md", "live.md")
    for number, example in enumerate(re.findall(r"```python\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guides_runs(
    example: str, server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = re.sub(
        r"(Client\()(?=[)a-z])", rf'\1"{server.address}", ', example
    )  # the guide asks the default port
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})
