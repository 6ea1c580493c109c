"""Reads secrets that are JSON objects from Secrets Manager, once in the life of a process."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable

_MISSING = frozenset({"ResourceNotFoundException"})


class Secrets:
    """Reads secrets by name; the client is created at the first call. Errors name a secret and never show its value."""

    def __init__(self, *, client: Callable[[], Any]) -> None:
        self._client = client
        self._cache: dict[str, dict[str, str]] = {}

    def json(self, name: str) -> dict[str, str]:
        """The members of a secret.

        Raises
        ------
        ConfigurationError
            The secret is missing or is not a JSON object of texts.
        StorageUnavailable
            Secrets Manager failed.
        """
        if name not in self._cache:
            self._cache[name] = _members(name, self._text(name))
        return dict(self._cache[name])

    def document(self, name: str) -> dict[str, Any]:
        """The JSON object in a secret, of any form, as it is now; raises as `json`, also for a name that stands twice.

        A secret that may not be read counts as missing. The ARN in a role's policy has the random end that only an
        existing secret has, so a read of one that does not exist can be denied; seen with the emulator, not with AWS.
        """
        text = self._text(name, missing=_MISSING | {"AccessDeniedException"})
        return _object(name, text, object_pairs_hook=_each_once)

    def _text(self, name: str, *, missing: frozenset[str] = _MISSING) -> str:
        try:
            response = self._client().get_secret_value(SecretId=name)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") in missing:
                raise ConfigurationError(f"The secret {name} does not exist.") from exc
            raise _unavailable() from exc
        except BotoCoreError as exc:
            raise _unavailable() from exc
        text = response.get("SecretString")
        return text if isinstance(text, str) else ""


def _members(name: str, text: str) -> dict[str, str]:
    members = _object(name, text)
    if not all(isinstance(value, str) for value in members.values()):
        raise ConfigurationError(f"The secret {name} is not a JSON object of texts.")
    return members


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(names := dict(members)) < len(members):
        raise ValueError("a name stands twice")
    return names


def _object(name: str, text: str, **options: Any) -> dict[str, Any]:
    try:
        members = json.loads(text, **options)
    except (ValueError, RecursionError):
        members = None  # not raised here: a JSONDecodeError contains the whole value
    if not isinstance(members, dict):
        raise ConfigurationError(f"The secret {name} is not a JSON object of texts.")
    return members


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The store of secrets failed; try again.", retry_after=timedelta(seconds=1))
