"""How a failed command ends: one line that says what to do, and a status for scripts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import grpc

from swash_client import errors as remote
from swash_model.errors import SoundError
from swash_server.errors import SwashError, code_of
from swash_server.settings import InvalidSettingError

FAILED, INVALID, UNKNOWN_SOUND, AWAY = 1, 2, 3, 4

_BY_CODE = {
    grpc.StatusCode.INVALID_ARGUMENT: INVALID,
    grpc.StatusCode.NOT_FOUND: UNKNOWN_SOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED: AWAY,
    grpc.StatusCode.UNAVAILABLE: AWAY,
}
_BY_REMOTE_TYPE: dict[type[remote.SwashError], int] = {
    remote.InvalidRequestError: INVALID,
    remote.TooLargeError: INVALID,
    remote.UnknownSoundError: UNKNOWN_SOUND,
    remote.UnknownTagError: INVALID,
    remote.OverloadedError: AWAY,
    remote.UnavailableError: AWAY,
    remote.DeadlineError: AWAY,
}


@contextmanager
def told() -> Iterator[None]:
    """Turn expected errors into one line on standard error and an exit status."""
    try:
        yield
    except (SoundError, SwashError) as error:
        fail(str(error), _BY_CODE.get(code_of(error), FAILED))
    except remote.SwashError as error:
        fail(str(error), _BY_REMOTE_TYPE.get(type(error), FAILED))
    except InvalidSettingError as error:
        fail(str(error), INVALID)
    except OSError as error:
        fail(str(error), FAILED)
    except KeyboardInterrupt:
        fail("stopped", 130)


def fail(message: str, status: int) -> NoReturn:
    """End the command."""
    click.echo(f"swash: {message}", err=True)
    sys.exit(status)
