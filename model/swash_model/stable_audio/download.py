"""The files of a model and of its T5, fetched from Hugging Face.

What broke off goes on where it was, in this run or in the next. A file counts as here when its digest is the
hub's.
"""

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from huggingface_hub import errors, get_hf_file_metadata, get_token, hf_hub_url
from huggingface_hub.file_download import http_get

from swash_model.errors import SoundError
from swash_model.stable_audio.released import MODEL_FILES, MODEL_REPO, T5_FILES, T5_REPO

SPARE_BYTES = 64 * 2**20  # a disk filled to the last byte is trouble for everybody
SHA256_DIGITS, GIT_DIGITS = 64, 40  # large files are named by SHA-256, small ones as git names them


class FetchError(SoundError):
    """The files cannot be fetched; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on the hub, and where it goes."""

    repo: str
    name: str
    commit: str
    url: str
    digest: str
    size_bytes: int
    path: Path
    token: str | None = field(repr=False)

    @property
    def part(self) -> Path:
        """Return where the file grows until it is whole; another version grows elsewhere."""
        return self.path.with_name(f"{self.path.name}.{self.digest[:12]}.part")

    @property
    def left_bytes(self) -> int:
        """Return how much of a file that is not here is still to come."""
        return self.size_bytes - (self.part.stat().st_size if self.part.exists() else 0)

    def is_here(self) -> bool:
        """Return whether the file is here, and is the hub's to the last bit."""
        return self.path.is_file() and self.is_whole(self.path)

    def is_whole(self, path: Path) -> bool:
        """Return whether a file has the size and the digest of this one."""
        if path.stat().st_size != self.size_bytes:
            return False
        if len(self.digest) == SHA256_DIGITS:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.digest
        if len(self.digest) == GIT_DIGITS:
            content = path.read_bytes()
            return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest() == self.digest
        return True


def find(
    folder: Path,
    repo: str = MODEL_REPO,
    revision: str | None = None,
    token: str | None = None,
    endpoint: str | None = None,
) -> list[Remote]:
    """Return the files of a model, all of one commit, and of its T5, to lie in a folder.

    `token` None is the one that `hf auth login` left, if any. Raise FetchError if the hub does not give them.
    """
    token = token or get_token()
    model = _find(repo, revision, MODEL_FILES, folder, token, endpoint)
    return model + _find(T5_REPO, None, T5_FILES, folder / "t5", token, endpoint)


def _find(
    repo: str,
    revision: str | None,
    names: Sequence[str],
    folder: Path,
    token: str | None,
    endpoint: str | None,
) -> list[Remote]:
    found: list[Remote] = []
    for name in names:
        with _explained(repo, revision, name):
            url = hf_hub_url(repo, name, revision=revision, endpoint=endpoint)
            told = get_hf_file_metadata(url, token=token, endpoint=endpoint)
        if told.commit_hash is None or told.etag is None or told.size is None:
            raise FetchError(f"{url}: this is no answer of Hugging Face; is a proxy or a login page in between?")
        revision = told.commit_hash
        # Not where the hub sends us to: that address is good for an hour, and the weights may take longer.
        url = hf_hub_url(repo, name, revision=revision, endpoint=endpoint)
        found.append(Remote(repo, name, revision, url, told.etag, told.size, folder / name, token))
    return found


def check_space(folder: Path, missing: Sequence[Remote]) -> None:
    """Raise FetchError unless what is missing will fit on the disk."""
    needed = sum(remote.left_bytes for remote in missing) + SPARE_BYTES
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise FetchError(
            f"{folder}: {needed / 1e9:.2f} GB are needed and {free / 1e9:.2f} GB are free; make room or name a "
            "folder on another disk"
        )


def fetch(remote: Remote, got: Callable[[int], object] = lambda _: None) -> None:
    """Fetch a file; `got` is told of bytes as they come, and of what an earlier run left. Raise FetchError."""
    remote.path.parent.mkdir(parents=True, exist_ok=True)
    if remote.left_bytes < 0:
        remote.part.unlink()
    got(remote.size_bytes - remote.left_bytes)
    with _explained(remote.repo, remote.commit, remote.name), remote.part.open("ab") as part:
        http_get(
            remote.url,
            part,
            resume_size=part.tell(),
            headers={"authorization": f"Bearer {remote.token}"} if remote.token else {},
            expected_size=remote.size_bytes,
            tqdm_class=_telling(got),
        )
    if not remote.is_whole(remote.part):
        remote.part.unlink()
        raise FetchError(f"{remote.repo}: {remote.name} was damaged on its way; run the same command again")
    remote.part.replace(remote.path)


def _telling(got: Callable[[int], object]) -> Any:
    """Return what the library takes for a kind of progress bar: it draws nothing and tells `got`."""

    class Telling:
        def __init__(self, **_: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            got(int(n or 0))

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    return Telling


@contextmanager
def _explained(repo: str, revision: str | None, name: str) -> Iterator[None]:
    """Say what to do about what can go wrong between here and the hub."""
    page = f"https://huggingface.co/{repo}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise FetchError(_about_gate(page, error.response.status_code)) from error
    except errors.RevisionNotFoundError as error:
        raise FetchError(f"{repo} has no revision {revision!r}; {page}/commits/main lists them") from error
    except errors.RemoteEntryNotFoundError as error:
        raise FetchError(f"{repo} holds no {name}: it is not a model like Stable Audio Open Small") from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise FetchError(
            f"Hugging Face knows no model {repo!r}, or it is private and this token may not see it"
        ) from error
    except errors.HfHubHTTPError as error:
        raise FetchError(_about_status(repo, error.response.status_code)) from error
    except errors.OfflineModeIsEnabled as error:
        raise FetchError("HF_HUB_OFFLINE is set, so nothing is fetched; unset it") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise FetchError("the disk is full; make room, and the same command goes on where it was") from error
        raise FetchError(f"{name} of {repo}: {error}; the same command goes on where it was") from error
    except Exception as error:  # whatever the library's HTTP client calls a network that is away
        raise FetchError(
            f"Hugging Face cannot be reached ({error}); is there a network? The same command goes on where it was"
        ) from error


def _about_gate(page: str, status: int) -> str:
    if status == 401:
        return (
            f"{page} is gated, and nobody is logged in: accept the licence on that page, make a token at "
            "https://huggingface.co/settings/tokens, then `hf auth login`, or --token"
        )
    return (
        f"{page} is gated, and the account of this token has not been let in: open that page with the same "
        "account and accept the licence; a fine-grained token must also be allowed to read gated repositories"
    )


def _about_status(repo: str, status: int) -> str:
    if status == 401:
        return "this token is not valid (any more); make one at https://huggingface.co/settings/tokens"
    if status == 403:
        return (
            f"{repo} is refused to this token (403): accept the licence at https://huggingface.co/{repo} "
            "and let a fine-grained token read gated repositories"
        )
    return f"Hugging Face answers with {status}; the same command goes on where it was, later"
