"""Presigned links to objects (SigV4 in the query string), with the standard library alone.

A page of a list needs hundreds of links, and botocore takes about twenty times as long for each. The links are equal to
botocore's, byte for byte; a test proves it.

Links for reading are signed for the beginning of the half hour. So all links of a half hour are equal, and browsers can
cache the images. Such a link works for 30 to 60 minutes from now.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import quote, urlsplit

from image_store.ports.objects import PresignedPut
from image_store.ports.system import Clock

_ALGORITHM = "AWS4-HMAC-SHA256"
LINK_MINUTES = 60
"""How long a link for reading works, from the beginning of its half hour."""
STEP_MINUTES = 30
"""Links for reading change at every step."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class AccessKeys(NamedTuple):
    """What signs requests: a key pair, or the temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    """Only temporary credentials have one. Links that they sign end with them at the latest."""


@dataclass(frozen=True, slots=True)
class _HalfHour:
    """What all links for reading of a half hour share: more than half of the work for a link."""

    query: str
    text_head: str
    signing_key: bytes


class Presigner:
    """Signs requests to `{endpoint}/{bucket}/{key}`, or with virtual hosts to `{bucket}.{endpoint}/{key}`."""

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        credentials: Callable[[], AccessKeys],
        clock: Clock,
        has_virtual_hosts: bool = False,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._path = urlsplit(self._endpoint).path
        self._host = _host_of(self._endpoint)
        self._has_virtual_hosts = has_virtual_hosts
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._signing_key_cache: tuple[tuple[str, str], bytes] | None = None
        self._half_hour_cache: tuple[tuple[AccessKeys, datetime], _HalfHour] | None = None

    def read(
        self, bucket: str, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        """A link to an object, for one method; the browser saves the object as `filename`."""
        shared = self._cached_half_hour(self._credentials(), _floored(self._clock.now()))
        host, base, path = self._place(bucket, key)
        canonical_query = link_query = signed = shared.query
        if filename is not None:
            disposition = quote(f"inline; filename*=UTF-8''{quote(filename, safe='')}", safe="")
            canonical_query = f"{signed}&response-content-disposition={disposition}"
            link_query = f"response-content-disposition={disposition}&{signed}"
        where = f"{method}\n{self._path}{path}\n{canonical_query}"
        request = f"{where}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD".encode()
        text = shared.text_head + hashlib.sha256(request).hexdigest()
        signature = hmac.digest(shared.signing_key, text.encode(), "sha256").hex()
        return f"{base}{path}?{link_query}&X-Amz-Signature={signature}"

    def put(
        self, bucket: str, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        """A link that stores one object once; `sha256` is in hexadecimal.

        Size, type, checksum and If-None-Match are signed headers, so a request needs exactly these values. The time of
        signing is not rounded, so the link expires exactly after `expires_in`.
        """
        keys = self._credentials()
        timestamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        date = timestamp[:8]
        scope = f"{date}/{self._region}/s3/aws4_request"
        host, base, path = self._place(bucket, key)
        headers = {
            "Content-Type": content_type,
            "If-None-Match": "*",
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        signed = {
            "host": host,
            "content-length": str(size_bytes),
            **{name.lower(): value for name, value in headers.items()},
        }
        names = ";".join(sorted(signed))
        query = _query(keys, scope, timestamp, seconds=int(expires_in.total_seconds()), names=names)
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = f"PUT\n{self._path}{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD".encode()
        text = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(request).hexdigest()}"
        signature = hmac.digest(
            self._signing_key(keys.secret_access_key, date), text.encode(), "sha256"
        ).hex()
        return PresignedPut(f"{base}{path}?{query}&X-Amz-Signature={signature}", headers)

    def _place(self, bucket: str, key: str) -> tuple[str, str, str]:
        """The Host header of an object's bucket, the address before the path, and the path."""
        name, path = quote(bucket, safe="~"), quote(key, safe="/~")
        if not self._has_virtual_hosts:
            return self._host, self._endpoint, f"/{name}/{path}"
        scheme, _, rest = self._endpoint.partition("://")
        return f"{name}.{self._host}", f"{scheme}://{name}.{rest}", f"/{path}"

    def _cached_half_hour(self, keys: AccessKeys, instant: datetime) -> "_HalfHour":
        cached = self._half_hour_cache
        if cached is None or cached[0] != (keys, instant):
            cached = self._half_hour_cache = ((keys, instant), self._half_hour(keys, instant))
        return cached[1]

    def _half_hour(self, keys: AccessKeys, instant: datetime) -> "_HalfHour":
        timestamp = instant.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{timestamp[:8]}/{self._region}/s3/aws4_request"
        # The parameters are sorted by name already; `response-content-disposition` follows them in the signed text and
        # precedes them in the link.
        query = _query(keys, scope, timestamp, seconds=LINK_MINUTES * 60, names="host")
        head = f"{_ALGORITHM}\n{timestamp}\n{scope}\n"
        return _HalfHour(query, head, self._signing_key(keys.secret_access_key, timestamp[:8]))

    def _signing_key(self, secret_access_key: str, date: str) -> bytes:
        source = (secret_access_key, date)
        cached = self._signing_key_cache
        if cached is None or cached[0] != source:
            signing_key = f"AWS4{secret_access_key}".encode()
            for part in (date, self._region, "s3", "aws4_request"):
                signing_key = hmac.digest(signing_key, part.encode(), "sha256")
            cached = self._signing_key_cache = (source, signing_key)
        return cached[1]


def _query(keys: AccessKeys, scope: str, timestamp: str, *, seconds: int, names: str) -> str:
    """The parameters of a link, sorted as they are signed."""
    token = f"&X-Amz-Security-Token={quote(keys.session_token, safe='')}" if keys.session_token else ""
    return (
        f"X-Amz-Algorithm={_ALGORITHM}"
        f"&X-Amz-Credential={quote(f'{keys.access_key_id}/{scope}', safe='')}"
        f"&X-Amz-Date={timestamp}"
        f"&X-Amz-Expires={seconds}"
        f"{token}"
        f"&X-Amz-SignedHeaders={quote(names, safe='')}"
    )


def _floored(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute - instant.minute % STEP_MINUTES, second=0, microsecond=0)


def _host_of(endpoint: str) -> str:
    """The Host header that a client sends, without the default port of the scheme."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"
