"""Verify AWS Signature Version 4 in the Authorization header and in presigned URLs.

MiniStack verifies signatures of users and sessions but not of its root: whoever guesses a key id of the root may do
everything. It also trusts the header with the hash of a body. Here every signature is verified, and so is the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

from local.inside_emulator.older_links import OlderLink, has_ended, is_signed_by, older_link
from local.inside_emulator.signed_bodies import UNSIGNED, require_signed_body

ALGORITHM = "AWS4-HMAC-SHA256"
MISMATCH = "SignatureDoesNotMatch"
MOST_SKEW = timedelta(minutes=15)
LONGEST_LINK = timedelta(days=7)
UNRESERVED = "-_.~"
IN_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[^,\s]+), *SignedHeaders=(?P<signed_headers>[^,\s]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
SIGNATURE = re.compile(r"[0-9a-f]{64}")
DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
IN_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
OLDER_SCHEMES = {"awsaccesskeyid", "signature", "signatureversion"}
"""Query names of older signatures, which are accepted only in links to buckets."""
AWS = "AWS"
"""The prefix of AWS's Authorization headers. Others are ignored, because clients send them along after redirects."""

type Headers = Sequence[tuple[bytes, bytes]]
type Pairs = Sequence[tuple[str, str]]
type SecretOf = Callable[[str, str], str | None]
"""Returns the secret of an access key with its session token ("" without one), or None if there is no such pair."""


class RefusedSignature(Exception):
    """A request has no valid signature; `code` is AWS's error code."""

    def __init__(self, code: str, message: str, *, status: int = 403, service: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.service = service


@dataclass(frozen=True)
class Signature:
    """The signature of a request and its parts."""

    access_key: str
    date: str
    region: str
    service: str
    time: str
    signed_headers: tuple[str, ...]
    value: str
    token: str
    expires: int | None
    """Seconds for which a presigned URL is valid."""

    @property
    def is_presigned(self) -> bool:
        """Whether it is in the query."""
        return self.expires is not None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True)
class SignedRequest:
    """A request as it arrived, with nothing decoded."""

    method: str
    path: str
    query: str
    headers: Headers

    def values(self, name: str) -> list[str]:
        """Return all values of a header in order."""
        header = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == header]

    def value(self, name: str) -> str:
        """Return the value of a header, "" without one; several are refused."""
        values = self.values(name)
        if len(values) > 1:
            raise RefusedSignature("InvalidRequest", f"There is more than one {name} header.", status=400)
        return values[0] if values else ""


def signature_of(request: SignedRequest) -> Signature | OlderLink | None:
    """Read a request's signature; None without one, RefusedSignature if it cannot be verified."""
    pairs = query_pairs(request.query)
    names = {unquote_to_bytes(name).decode("latin-1").lower() for name, _ in pairs}
    is_older, is_link = bool(OLDER_SCHEMES & names), bool(names & set(map(str.lower, IN_QUERY)))
    authorization = request.value("authorization").strip()
    if not authorization.startswith(AWS):
        authorization = ""
    if is_older + is_link + bool(authorization) > 1:
        raise RefusedSignature("InvalidRequest", "There is more than one signature.", status=400)
    if is_older:
        link = older_link(pairs)
        if link is None:
            raise RefusedSignature("InvalidRequest", "A signature of version 4 is needed.", status=400)
        return link
    if is_link:
        return _in_query(dict(pairs), [name for name, _ in pairs])
    return _in_header(request, authorization) if authorization else None


def _in_header(request: SignedRequest, authorization: str) -> Signature:
    match = IN_HEADER.fullmatch(authorization)
    if match is None:
        raise RefusedSignature(
            "IncompleteSignature", "The Authorization header is not a signature of version 4."
        )
    return _signature(
        match["credential"],
        signed_headers=match["signed_headers"],
        time=request.value("x-amz-date"),
        value=match["signature"],
        token=request.value("x-amz-security-token"),
    )


def verify(
    request: SignedRequest,
    signature: Signature | OlderLink,
    body: bytes,
    *,
    secret_of: SecretOf,
    now: datetime,
) -> None:
    """Raise RefusedSignature unless the owner of the key signed this request with this body."""
    secret = secret_of(signature.access_key, signature.token)
    if secret is None:
        code = "InvalidAccessKeyId" if signature.service == "s3" else "UnrecognizedClientException"
        message = "There is no such access key with this token."
        raise RefusedSignature(code, message, service=signature.service)
    if isinstance(signature, OlderLink):
        _verify_older_link(request, signature, secret, now)
    else:
        _verify(request, signature, body, secret, now)


def _verify_older_link(request: SignedRequest, link: OlderLink, secret: str, now: datetime) -> None:
    if has_ended(link, now):
        raise RefusedSignature("AccessDenied", "Request has expired", service=link.service)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
    is_good = is_signed_by(
        link,
        secret,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=headers,
        pairs=query_pairs(request.query),
    )
    if not is_good:
        raise RefusedSignature(
            MISMATCH, "The signature is not the one of this request.", service=link.service
        )


def _verify(request: SignedRequest, signature: Signature, body: bytes, secret: str, now: datetime) -> None:
    service = signature.service
    _require_time(signature, now)
    _require_signed_headers(request, signature)
    content = "" if signature.is_presigned else request.value("x-amz-content-sha256")
    payload = content or (UNSIGNED if signature.is_presigned else hashlib.sha256(body).hexdigest())
    key = signing_key(secret, signature)
    for canonical in canonical_requests(request, signature, payload):
        expected = sign(key, string_to_sign(signature, canonical))
        if hmac.compare_digest(expected, signature.value):
            break
    else:
        raise RefusedSignature(MISMATCH, "The signature is not the one of this request.", service=service)
    problem = require_signed_body(
        body,
        payload,
        seed=signature.value,
        key=key,
        time=signature.time,
        scope=signature.scope,
        service=service,
    )
    if problem:
        code, message = problem
        raise RefusedSignature(code, message, status=403 if code == MISMATCH else 400, service=service)


def _in_query(values: dict[str, str], names: Sequence[str]) -> Signature:
    """Read a presigned URL; each parameter must occur once and in its exact spelling."""
    if any(names.count(name) != 1 for name in IN_QUERY):
        raise RefusedSignature(
            "AuthorizationQueryParametersError", f"{', '.join(IN_QUERY)} are needed once each.", status=400
        )
    read = {name: unquote_to_bytes(value).decode("latin-1") for name, value in values.items()}
    expires = read["X-Amz-Expires"]
    longest = round(LONGEST_LINK.total_seconds())
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 6 and 0 < int(expires) <= longest):
        raise RefusedSignature(
            "AuthorizationQueryParametersError", f"X-Amz-Expires is a number from 1 to {longest}.", status=400
        )
    if read["X-Amz-Algorithm"] != ALGORITHM or not SIGNATURE.fullmatch(read["X-Amz-Signature"]):
        raise RefusedSignature(
            "AuthorizationQueryParametersError", f"Only {ALGORITHM} is accepted.", status=400
        )
    return _signature(
        read["X-Amz-Credential"],
        signed_headers=read["X-Amz-SignedHeaders"],
        time=read["X-Amz-Date"],
        value=read["X-Amz-Signature"],
        token=read.get("X-Amz-Security-Token", ""),
        expires=int(expires),
    )


def _signature(
    credential: str, *, signed_headers: str, time: str, value: str, token: str, expires: int | None = None
) -> Signature:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise RefusedSignature("IncompleteSignature", "The credential is not a key and its scope.")
    access_key, date, region, service, _ = parts
    if not DATE.fullmatch(time) or time[:8] != date:
        raise RefusedSignature(
            "IncompleteSignature", "X-Amz-Date is missing, or not the day of the credential."
        )
    names = tuple(signed_headers.split(";"))
    return Signature(access_key, date, region, service, time, names, value, token, expires)


def _require_time(signature: Signature, now: datetime) -> None:
    try:
        begun = datetime.strptime(signature.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise RefusedSignature("IncompleteSignature", "X-Amz-Date is no date.") from None
    lasts = MOST_SKEW if signature.expires is None else timedelta(seconds=signature.expires)
    if begun - MOST_SKEW > now or (signature.expires is None and now - begun > lasts):
        raise RefusedSignature(
            "RequestTimeTooSkewed",
            f"The request was signed more than {MOST_SKEW.seconds // 60} minutes from now.",
            service=signature.service,
        )
    if now - begun > lasts:
        raise RefusedSignature("AccessDenied", "Request has expired", service=signature.service)


def _require_signed_headers(request: SignedRequest, signature: Signature) -> None:
    """Refuse what would change the request's meaning unsigned: the host, and every header of AWS's own."""
    needed = {"host"} | {
        name
        for name in (key.decode("latin-1").lower() for key, _ in request.headers)
        if name.startswith("x-amz-")
    }
    if missing := sorted(needed - set(signature.signed_headers)):
        raise RefusedSignature(
            "AccessDenied",
            f"There are headers that were not signed: {', '.join(missing)}",
            service=signature.service,
        )


def canonical_requests(request: SignedRequest, signature: Signature, payload: str) -> list[bytes]:
    """Return the canonical request for the URL as it was sent, and for the URL in canonical encoding.

    Some clients sign another encoding of a URL than they send; both mean the same.
    """
    pairs = [pair for pair in query_pairs(request.query) if pair[0] != "X-Amz-Signature"]
    recoded = [
        (percent_encode(unquote_to_bytes(name)), percent_encode(unquote_to_bytes(value)))
        for name, value in pairs
    ]
    headers = b"".join(
        name.encode("latin-1") + b":" + b",".join(_trimmed(request, name)) + b"\n"
        for name in signature.signed_headers
    )
    names = ";".join(signature.signed_headers)
    return [
        b"\n".join(
            [
                request.method.encode("latin-1"),
                path.encode("latin-1"),
                "&".join(f"{name}={value}" for name, value in sorted(query)).encode("latin-1"),
                headers,
                names.encode("latin-1"),
                payload.encode("latin-1"),
            ]
        )
        for path, query in zip(_paths(request.path, signature.service), (pairs, recoded), strict=True)
    ]


def _trimmed(request: SignedRequest, name: str) -> list[bytes]:
    header = name.encode("latin-1")
    return [b" ".join(value.split()) for key, value in request.headers if key.lower() == header]


def _paths(path: str, service: str) -> tuple[str, str]:
    if service == "s3":  # encoded once, and dots are part of a key
        return path, percent_encode(unquote_to_bytes(path), safe="/")
    plain = without_dots(path)
    return percent_encode(plain.encode("latin-1"), safe="/"), percent_encode(
        percent_encode(unquote_to_bytes(plain), safe="/").encode(), safe="/"
    )


def without_dots(path: str) -> str:
    """Return a path without `.`, `..` and empty segments, as RFC 3986 resolves them."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments[-1:] = []
        elif segment not in {"", "."}:
            segments.append(segment)
    return f"/{'/'.join(segments)}{'/' if segments and path.endswith('/') else ''}"


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Split a query into names and values, nothing decoded."""
    split = (pair.partition("=") for pair in query.split("&") if pair)
    return [(name, value) for name, _, value in split]


def percent_encode(text: bytes, *, safe: str = "") -> str:
    """Percent-encode all but RFC 3986's unreserved characters."""
    return quote(text, safe=UNRESERVED + safe)


def string_to_sign(signature: Signature, canonical: bytes) -> str:
    """Return the text that a signature signs."""
    return "\n".join([ALGORITHM, signature.time, signature.scope, hashlib.sha256(canonical).hexdigest()])


def signing_key(secret: str, signature: Signature) -> bytes:
    """Derive the key that signs for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """Sign a text."""
    return hmac.digest(key, text.encode("latin-1"), "sha256").hex()
