"""Whose secret signs: the launcher's own, those of users, and those of sessions such as the functions'."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import secrets
from types import SimpleNamespace
from typing import Any


def secret_of(access_key: str, token: str, *, root: tuple[str, str]) -> str | None:
    """Answer the secret of a key pair that is in use; None when there is none, or not with this token.

    MiniStack takes every account number, and the key `test`, for its root. Here the root has the one key pair that
    was made at the first start.
    """
    if hmac.compare_digest(access_key.encode(), root[0].encode()):
        return root[1] if not token else None
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    if evaluator.is_root_access_key(access_key):
        return None
    found = evaluator.resolve_credential(access_key, None, token)
    secret = getattr(found, "secret_access_key", None)
    return secret if isinstance(secret, str) and secret else None


def make_function_credentials_secret() -> None:
    """Give each function a key pair and a token that cannot be guessed.

    MiniStack makes them from hashes of the function's ARN, so the name of a function would give its role.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    salt = secrets.token_bytes(32)
    # The module hashes for nothing else.
    runtime.hashlib = SimpleNamespace(sha256=lambda text: hmac.new(salt, text, hashlib.sha256))
