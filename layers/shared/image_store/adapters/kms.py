"""Envelope encryption with a KMS key; no other module calls KMS or encrypts.

KMS binds a data key to its context, and AES-GCM binds each text to the context and to its part. So a sealed text opens
only for its context and part. Neither the data key nor the text is kept, logged or part of an error. A sealed text
contains its data key, encrypted by KMS.
"""

import base64
import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.secrets import Cipher, Envelope

_NONCE_BYTES = 12
_REFUSALS = frozenset(
    {
        "InvalidCiphertextException",
        "IncorrectKeyException",
        "NotFoundException",
        "AccessDeniedException",
        "ValidationException",
    }
)
"""Errors that a retry cannot solve. A key that is disabled or waits for deletion can be enabled again."""


class KmsEnvelope(Envelope):
    """Envelope with AES-GCM."""

    def __init__(self, key: bytes, encrypted_key: bytes, context: Mapping[str, str]) -> None:
        self._key = key
        self._encrypted_key = encrypted_key
        self._context = dict(context)

    def seal(self, text: str, *, part: str = "") -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, text.encode(), self._associated_data(part))
        parts = {"key": self._encrypted_key, "nonce": nonce, "text": sealed}
        return json.dumps({name: base64.b64encode(part).decode("ascii") for name, part in parts.items()})

    def open(self, sealed: str, *, part: str = "") -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        _, nonce, data = _parts(sealed)
        try:
            return AESGCM(self._key).decrypt(nonce, data, self._associated_data(part)).decode()
        except (InvalidTag, ValueError):  # a nonce of a wrong length is a ValueError
            raise _unreadable() from None

    def _associated_data(self, part: str) -> bytes:
        pairs = sorted(self._context.items())
        return json.dumps([*pairs, part] if part else pairs).encode()


class KmsCipher(Cipher):
    """Cipher with one customer key; the client is created at the first call."""

    def __init__(self, key_id: str, *, client: Callable[[], Any]) -> None:
        self._key_id = key_id
        self._client = client

    def envelope(self, *, context: Mapping[str, str]) -> KmsEnvelope:
        data_key = self._call(
            "generate_data_key", KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
        )
        return KmsEnvelope(data_key["Plaintext"], data_key["CiphertextBlob"], context)

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> KmsEnvelope:
        encrypted_key, _, _ = _parts(sealed)
        data_key = self._call(
            "decrypt", KeyId=self._key_id, CiphertextBlob=encrypted_key, EncryptionContext=dict(context)
        )
        return KmsEnvelope(data_key["Plaintext"], encrypted_key, context)

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        return self.envelope(context=context).seal(text)

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        return self.envelope_of(sealed, context=context).open(sealed)

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = getattr(self._client(), operation)(**request)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REFUSALS:
                raise _unreadable() from error
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error
        return response


def _parts(sealed: str) -> tuple[bytes, bytes, bytes]:
    """The encrypted data key, the nonce and the encrypted text; ConfigurationError for any other text."""
    try:
        parts = {name: base64.b64decode(part, validate=True) for name, part in json.loads(sealed).items()}
        return parts["key"], parts["nonce"], parts["text"]
    except (ValueError, KeyError, AttributeError, TypeError):
        raise _unreadable() from None


def _unreadable() -> ConfigurationError:
    return ConfigurationError("An encrypted text cannot be opened with the deployment's key.")


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The key service failed; try again.", retry_after=timedelta(seconds=1))
