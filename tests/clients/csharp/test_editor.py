"""The editor's window and inspectors and the sample's scripts, over doubles of Unity, against a real server."""

import subprocess

import pytest

from tests.clients.csharp import toolchain, unity
from tests.serving import ServerProcess

pytestmark = pytest.mark.xdist_group("csharp-editor")  # one compilation

RUN_S = 150.0  # a few seconds, but for a machine that does much else
EDITOR_DOUBLE = toolchain.HERE / "editor_double"
OURS = (
    toolchain.PACKAGE / "Editor",
    toolchain.PACKAGE / "Samples~",
    toolchain.PACKAGE.parent.parent / "Assets/Scripts",
)


@pytest.mark.timeout(240)
def test_the_editor_and_the_sample_keep_their_promises(server: ServerProcess) -> None:
    sources = toolchain.sources_of(
        *OURS, toolchain.PACKAGE / "Tests/Editor", EDITOR_DOUBLE, toolchain.HERE / "editor_tests"
    )
    references = [toolchain.core(), unity.engine(), unity.components()]
    program = toolchain.nunit_program("Swash.Editor.Tests", sources, references)
    try:
        done = toolchain.run_dotnet(program, env={"SWASH_HTTP": server.http}, timeout=RUN_S)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"not done after {late.timeout} s, but:\n{(late.stdout or b'').decode()}")
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    assert " 0 failed, 0 skipped" in said, said


def test_the_editor_and_the_sample_need_no_newer_api_than_unity_has() -> None:
    references = [toolchain.core("netcore31"), unity.engine("netcore31"), unity.components(framework="netcore31")]
    sources = toolchain.sources_of(*OURS, EDITOR_DOUBLE)
    toolchain.compile("Swash.Editor", sources, references, framework="netcore31")
