"""Keyed digests of sensitive texts.

A plain digest of a prompt could be matched by trying prompts. These digests need a key of the signing secret.
"""

import hmac
from collections.abc import Callable, Mapping

from image_store.services.delivery.signing import current_key


class Fingerprints:
    """Makes fingerprints with the current key of the signing secret; a new key changes every fingerprint."""

    def __init__(self, *, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def of(self, text: str) -> str:
        """The fingerprint of a text, in hexadecimal."""
        _, key = current_key(self._keys())
        return hmac.digest(key.encode(), b"fingerprint\0" + text.encode(), "sha256").hex()
