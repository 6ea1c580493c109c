"""Presigned links of signature version 2, which boto3 makes for S3 in us-east-1 by default."""

from __future__ import annotations

import hmac
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

NAMES = ("AWSAccessKeyId", "Expires", "Signature")
SIGNED_NAMES = ("content-md5", "content-type")
LATEST = 2**40
"""The largest time in seconds; later ones are not dates."""


@dataclass(frozen=True)
class OlderLink:
    """The signature of such a link and its parts."""

    access_key: str
    expires: int
    value: str
    token: str
    service: str = "s3"
    is_presigned: bool = True


def older_link(pairs: Sequence[tuple[str, str]]) -> OlderLink | None:
    """Read a link from the pairs of a query; None if it is incomplete or ambiguous."""
    names = [name.lower() for name, _ in pairs]
    values = dict(pairs)
    if any(names.count(name.lower()) != 1 or name not in values for name in NAMES):
        return None
    expires = values["Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) <= len(str(LATEST))):
        return None
    token = unquote_plus(values.get("x-amz-security-token", ""))
    return OlderLink(
        unquote_plus(values["AWSAccessKeyId"]), int(expires), unquote_plus(values["Signature"]), token
    )


def is_signed_by(
    link: OlderLink,
    secret: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
) -> bool:
    """Return whether the owner of a secret signed this request; AWS headers may be in the query."""
    auth: Any = importlib.import_module("botocore.auth")
    credentials: Any = importlib.import_module("botocore.credentials").Credentials(link.access_key, secret)
    http_headers: Any = importlib.import_module("botocore.compat").HTTPHeaders()
    candidates = {name.lower(): unquote_plus(value) for name, value in pairs} | dict(headers)
    for name, value in candidates.items():
        if name in SIGNED_NAMES or name.startswith("x-amz-"):
            http_headers[name] = value

    class Dated(auth.HmacV1Auth):  # type: ignore[misc]
        def _get_date(self) -> str:
            return str(link.expires)

    signer = Dated(credentials)
    text = signer.canonical_string(method, urlsplit(f"{path}?{query}"), http_headers)
    return hmac.compare_digest(str(signer.sign_string(text)), link.value)


def has_ended(link: OlderLink, now: datetime) -> bool:
    """Return whether a link has expired."""
    return now.timestamp() > link.expires
