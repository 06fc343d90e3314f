import re
from pathlib import Path

import pytest

from tests.serving import ServerProcess

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_of_the_guide_runs(
    example: str, server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = re.sub(
        r"(Client\()(?=[)a-z])", rf'\1"{server.address}", ', example
    )  # the guide asks the default port
    exec(compile(program, GUIDE.name, "exec"), {"__name__": "guide"})
