"""A client of KMS in memory: data keys are random, and encrypted ones are opened for their context alone.

It knows the operations and parameters that the store uses and refuses all others, as Python does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryKms:
    """The client; `asked` are the operations it was asked for, with their contexts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.data_keys: list[bytes] = []
        self._sealed: dict[bytes, tuple[bytes, str, dict[str, str]]] = {}

    def generate_data_key(
        self, *, KeyId: str, KeySpec: str, EncryptionContext: Mapping[str, str]
    ) -> dict[str, Any]:
        assert KeySpec == "AES_256"
        self.asked.append(("generate_data_key", dict(EncryptionContext)))
        key, encrypted = os.urandom(32), os.urandom(64)
        self.data_keys.append(key)
        self._sealed[encrypted] = key, KeyId, dict(EncryptionContext)
        return {"Plaintext": key, "CiphertextBlob": encrypted, "KeyId": KeyId}

    def decrypt(
        self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: Mapping[str, str]
    ) -> dict[str, Any]:
        self.asked.append(("decrypt", dict(EncryptionContext)))
        key, key_id, context = self._sealed.get(CiphertextBlob, (b"", "", {}))
        if not key or context != EncryptionContext:
            raise _refused("InvalidCiphertextException")
        if key_id != KeyId:
            raise _refused("IncorrectKeyException")
        return {"Plaintext": key, "KeyId": KeyId}


def _refused(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, "Decrypt")
