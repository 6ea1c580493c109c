"""Digests of what is told to nobody.

Whoever can read a plain digest of a prompt can try prompts until one fits. These can be made with a key of the
signing secret alone.
"""

import hmac
from collections.abc import Callable, Mapping

from image_store.services.delivery.signing import current_key


class Fingerprints:
    """Makes fingerprints with the current key of the signing secret; another key makes other ones."""

    def __init__(self, *, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def of(self, text: str) -> str:
        """The fingerprint of a text, in hexadecimal."""
        _, key = current_key(self._keys())
        return hmac.digest(key.encode(), b"fingerprint\0" + text.encode(), "sha256").hex()
