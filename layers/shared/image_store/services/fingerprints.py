"""Digests of what is told to nobody.

Whoever can read a plain digest of a prompt can try prompts until one fits. These can be made with a key of the
signing secret alone.
"""

import hmac
from collections.abc import Callable, Mapping

from image_store.domain.errors import ConfigurationError


class Fingerprints:
    """Makes fingerprints with the current key of the signing secret; another key makes other ones."""

    def __init__(self, *, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def of(self, text: str) -> str:
        """The fingerprint of a text, in hexadecimal."""
        keys = self._keys()
        key_id = keys.get("current", "")
        if key_id not in keys:
            raise ConfigurationError("The signing secret names no current key.")
        return hmac.digest(keys[key_id].encode(), b"fingerprint\0" + text.encode(), "sha256").hex()
