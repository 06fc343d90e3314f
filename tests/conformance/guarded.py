"""A server that asks who calls: as it is, and behind a certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from swash_server.callers import tokens
from tests.certificates import Certificate
from tests.serving import ServerProcess

WRONG = "swash_wrong"


@dataclass(frozen=True)
class Guarded:
    """Where it is, the authority to believe when it is encrypted, and its tokens by what the script calls them."""

    address: str
    http: str
    ca: Path | None
    tokens: dict[str, str]


@contextmanager
def guarded(folder: Path, *, tls: bool) -> Iterator[Guarded]:
    """Start one."""
    made = {"all": tokens.made(), "play": tokens.made(), "bake": tokens.made()}
    lines = [
        f"{name} {'bake,play' if name == 'all' else name} sha256:{tokens.digest_of(token).hex()}\n"
        for name, token in made.items()
    ]
    (folder / "tokens").write_text("".join(lines))
    flags, ca = [f"--tokens={folder / 'tokens'}"], None
    if tls:
        authority = Certificate("an authority", authority=True)
        ca = folder / "ca.pem"
        ca.write_bytes(authority.pem)
        files = Certificate.of_server("sounds", by=authority).write(folder)
        flags += [f"--tls-cert={files['tls_cert']}", f"--tls-key={files['tls_key']}"]
    with ServerProcess(folder / "store", *flags) as running:
        http = running.http.replace("http:", "https:") if tls else running.http
        yield Guarded(running.address, http, ca, {**made, "wrong": WRONG})
