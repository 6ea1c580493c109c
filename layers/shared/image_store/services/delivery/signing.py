"""The keys of the signing secret: it maps key ids to keys, and `current` names the one that signs.

The others still verify, so that a key can be replaced without breaking what was signed with it.
"""

from collections.abc import Mapping

from image_store.domain.errors import ConfigurationError

_CURRENT = "current"


def current_key(keys: Mapping[str, str]) -> tuple[str, str]:
    """The id of the key that signs, and the key; ConfigurationError when the secret names none."""
    key_id = keys.get(_CURRENT, "")
    if key_id not in keys:
        raise ConfigurationError("The signing secret names no current key.")
    return key_id, keys[key_id]


def verification_keys(keys: Mapping[str, str]) -> list[str]:
    """All keys that verify, the current one among them."""
    return [key for key_id, key in keys.items() if key_id != _CURRENT]


def key_named(keys: Mapping[str, str], key_id: str) -> str | None:
    """The key with this id, current or not; None when there is none."""
    return keys.get(key_id) if key_id != _CURRENT else None
