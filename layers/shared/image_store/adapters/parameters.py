"""Reads texts from the parameter store of Systems Manager, each once in the life of a process."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable


class SsmParameters:
    """Reads parameters by name; the client is created at the first call."""

    def __init__(self, *, client: Callable[[], Any]) -> None:
        self._client = client
        self._cache: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The value of a parameter.

        Raises
        ------
        ConfigurationError
            The parameter is missing.
        StorageUnavailable
            Systems Manager failed.
        """
        if name not in self._cache:
            self._cache[name] = self._read(name)
        return self._cache[name]

    def _read(self, name: str) -> str:
        try:
            value: str = self._client().get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "ParameterNotFound":
                raise ConfigurationError(f"The parameter {name} does not exist.") from exc
            raise _unavailable() from exc
        except BotoCoreError as exc:
            raise _unavailable() from exc
        return value


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The store of parameters failed; try again.", retry_after=timedelta(seconds=1))
