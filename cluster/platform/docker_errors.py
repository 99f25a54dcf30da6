"""The border that errors of Docker's library do not cross: what the engine said stays, the type becomes ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from cluster.errors import EngineRefusedError, EngineSilentError, NameTakenError, NotThereError

_CONFLICT = 409


@contextmanager
def engine_errors() -> Iterator[None]:
    """Within it, also as a decorator, errors of the engine are raised as `cluster.errors.EngineError`."""
    try:
        yield
    except NotFound as error:
        raise NotThereError(str(error)) from error
    except APIError as error:
        in_use = error.status_code == _CONFLICT and "already in use" in str(error)
        raise (NameTakenError if in_use else EngineRefusedError)(str(error)) from error
    except DockerException as error:
        raise EngineRefusedError(str(error)) from error
    except (RequestException, HTTPError) as error:
        raise EngineSilentError(str(error)) from error
