"""Secrets of access keys: the launcher's own, those of users, and those of sessions such as the functions'."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import secrets
from types import SimpleNamespace
from typing import Any


def secret_of(access_key: str, token: str, *, root: tuple[str, str]) -> str | None:
    """Return the secret of an access key, or None if there is no such key with this token.

    MiniStack accepts every account number, and the key `test`, as its root. Here the root has only the key pair that
    the first start created.
    """
    if hmac.compare_digest(access_key.encode(), root[0].encode()):
        return root[1] if not token else None
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    if evaluator.is_root_access_key(access_key):
        return None
    credential = evaluator.resolve_credential(access_key, None, token)
    secret = getattr(credential, "secret_access_key", None)
    return secret if isinstance(secret, str) and secret else None


def make_function_credentials_secret() -> None:
    """Give each function a key pair and a token that nobody can guess.

    MiniStack derives them from hashes of the function's ARN, so whoever knows a function's name could use its role.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    salt = secrets.token_bytes(32)
    # The module uses hashes for nothing else.
    runtime.hashlib = SimpleNamespace(sha256=lambda text: hmac.new(salt, text, hashlib.sha256))
