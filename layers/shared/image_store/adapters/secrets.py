"""Secrets Manager: secrets that are JSON objects, read once in the life of a process."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable


class Secrets:
    """Reads secrets by name; the client is made at the first call. Errors name a secret, never its value."""

    def __init__(self, *, client: Callable[[], Any]) -> None:
        self._client = client
        self._read: dict[str, dict[str, str]] = {}

    def json(self, name: str) -> dict[str, str]:
        """The members of a secret.

        Raises
        ------
        ConfigurationError
            the secret is missing or is not a JSON object of texts
        StorageUnavailable
            Secrets Manager did not answer as it should
        """
        if name not in self._read:
            self._read[name] = _members(name, self._text(name))
        return dict(self._read[name])

    def _text(self, name: str) -> str:
        try:
            answer = self._client().get_secret_value(SecretId=name)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise ConfigurationError(f"The secret {name} does not exist.") from exc
            raise _unavailable() from exc
        except BotoCoreError as exc:
            raise _unavailable() from exc
        text = answer.get("SecretString")
        return text if isinstance(text, str) else ""


def _members(name: str, text: str) -> dict[str, str]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None  # raised outside of the handler: a JSONDecodeError carries the whole value
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise ConfigurationError(f"The secret {name} is not a JSON object of texts.")
    return members


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The store of secrets did not answer as it should; try again.", retry_after=timedelta(seconds=1)
    )
