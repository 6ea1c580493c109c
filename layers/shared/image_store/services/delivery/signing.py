"""Reads the signing secret, which maps key ids to keys; `current` is the id of the key that signs.

The other keys still verify. So a key can be replaced, and its signatures stay valid.
"""

from collections.abc import Mapping

from image_store.domain.errors import ConfigurationError

_CURRENT = "current"


def current_key(keys: Mapping[str, str]) -> tuple[str, str]:
    """The id and the text of the key that signs; ConfigurationError if the secret has none."""
    key_id = keys.get(_CURRENT, "")
    if key_id not in keys:
        raise ConfigurationError("The signing secret names no current key.")
    return key_id, keys[key_id]


def key_named(keys: Mapping[str, str], key_id: str) -> str | None:
    """The key with this id; None if there is none."""
    return keys.get(key_id) if key_id != _CURRENT else None
