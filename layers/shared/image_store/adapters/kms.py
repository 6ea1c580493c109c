"""Envelope encryption with a KMS key: the only code that calls KMS, and the only code that encrypts.

Each text gets a data key of its own. KMS binds that key to the context, and AES-GCM binds the text to it too, so that
a sealed text opens for its context alone. Neither the data key nor the text is kept, logged or part of an error.
"""

import base64
import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.secrets import Cipher

_NONCE_BYTES = 12
_REFUSALS = frozenset(
    {
        "InvalidCiphertextException",
        "IncorrectKeyException",
        "DisabledException",
        "NotFoundException",
        "KMSInvalidStateException",
        "AccessDeniedException",
        "ValidationException",
    }
)


class KmsCipher(Cipher):
    """Cipher with one customer key; the client is made at the first call."""

    def __init__(self, key_id: str, *, client: Callable[[], Any]) -> None:
        self._key_id = key_id
        self._client = client

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        made = self._call(
            "generate_data_key", KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
        )
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(made["Plaintext"]).encrypt(nonce, text.encode(), _bound(context))
        parts = {"key": made["CiphertextBlob"], "nonce": nonce, "text": sealed}
        return json.dumps({name: base64.b64encode(part).decode("ascii") for name, part in parts.items()})

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            parts = {name: base64.b64decode(part) for name, part in json.loads(sealed).items()}
            nonce, data, key = parts["nonce"], parts["text"], parts["key"]
        except (ValueError, KeyError, AttributeError, TypeError):
            raise _unreadable() from None
        opened = self._call(
            "decrypt", KeyId=self._key_id, CiphertextBlob=key, EncryptionContext=dict(context)
        )
        try:
            return AESGCM(opened["Plaintext"]).decrypt(nonce, data, _bound(context)).decode()
        except InvalidTag:
            raise _unreadable() from None

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(**request)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REFUSALS:
                raise _unreadable() from error
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error
        return answer


def _bound(context: Mapping[str, str]) -> bytes:
    return json.dumps(sorted(context.items())).encode()


def _unreadable() -> ConfigurationError:
    return ConfigurationError("Something that is kept encrypted cannot be opened with the deployment's key.")


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The key service did not answer as it should.", retry_after=timedelta(seconds=1)
    )
