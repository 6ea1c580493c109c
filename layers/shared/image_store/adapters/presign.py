"""Links that read one object of a private bucket: SigV4 in the query string, by the standard library alone.

A page of a list needs hundreds of links, and botocore takes some twenty times as long for each. What is
made here is equal to botocore's answer, byte by byte; a test proves it.

The instant is floored to the half hour, so that all links made within it are equal and browsers can cache
what they show. A link is valid for an hour from there: between 30 and 60 minutes from now.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlsplit

from image_store.ports.objects import PresignedPut
from image_store.ports.system import Clock

_ALGORITHM = "AWS4-HMAC-SHA256"
LINK_MINUTES = 60
"""How long a link for reading works from the half hour in which it is signed."""
STEP_MINUTES = 30
"""All links of a step are equal, so that browsers can cache; a link works for at least the rest of its time."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _HalfHour:
    """What all links for reading that are made within a half hour share: more than half of the work of one."""

    query: str
    text_head: str
    signing_key: bytes


class Presigner:
    """Signs requests to path-style addresses, `{endpoint}/{bucket}/{key}`."""

    def __init__(
        self, *, endpoint: str, region: str, credentials: Callable[[], tuple[str, str]], clock: Clock
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._path = urlsplit(self._endpoint).path
        self._host = _host_of(self._endpoint)
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._derived: tuple[tuple[str, str], bytes] | None = None
        self._made: tuple[tuple[tuple[str, str], datetime], _HalfHour] | None = None

    def read(
        self, bucket: str, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        """A link to an object; `filename` makes the browser save it under that name. It is good for one method."""
        shared = self._of_half_hour(self._credentials(), _floored(self._clock.now()))
        path = f"/{quote(bucket, safe='~')}/{quote(key, safe='/~')}"
        canonical_query = link_query = signed = shared.query
        if filename is not None:
            disposition = quote(f"inline; filename*=UTF-8''{quote(filename, safe='')}", safe="")
            canonical_query = f"{signed}&response-content-disposition={disposition}"
            link_query = f"response-content-disposition={disposition}&{signed}"
        where = f"{method}\n{self._path}{path}\n{canonical_query}"
        request = f"{where}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD".encode()
        text = shared.text_head + hashlib.sha256(request).hexdigest()
        signature = hmac.digest(shared.signing_key, text.encode(), "sha256").hex()
        return f"{self._endpoint}{path}?{link_query}&X-Amz-Signature={signature}"

    def put(
        self, bucket: str, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        """A link that stores one object once; `sha256` is in hexadecimal.

        Size, type, checksum and If-None-Match are signed headers (SigV4: they have to arrive exactly so). The
        instant is not floored: the link shall end when it says.
        """
        access_key_id, secret_access_key = self._credentials()
        timestamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        date = timestamp[:8]
        scope = f"{date}/{self._region}/s3/aws4_request"
        path = f"/{quote(bucket, safe='~')}/{quote(key, safe='/~')}"
        headers = {
            "Content-Type": content_type,
            "If-None-Match": "*",
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        signed = {
            "host": self._host,
            "content-length": str(size_bytes),
            **{name.lower(): value for name, value in headers.items()},
        }
        names = ";".join(sorted(signed))
        query = (
            f"X-Amz-Algorithm={_ALGORITHM}"
            f"&X-Amz-Credential={quote(f'{access_key_id}/{scope}', safe='')}"
            f"&X-Amz-Date={timestamp}"
            f"&X-Amz-Expires={int(expires_in.total_seconds())}"
            f"&X-Amz-SignedHeaders={quote(names, safe='')}"
        )
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = f"PUT\n{self._path}{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD".encode()
        text = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(request).hexdigest()}"
        signature = hmac.digest(self._signing_key(secret_access_key, date), text.encode(), "sha256").hex()
        return PresignedPut(f"{self._endpoint}{path}?{query}&X-Amz-Signature={signature}", headers)

    def _of_half_hour(self, credentials: tuple[str, str], instant: datetime) -> "_HalfHour":
        made = self._made
        if made is None or made[0] != (credentials, instant):
            made = self._made = ((credentials, instant), self._half_hour(*credentials, instant))
        return made[1]

    def _half_hour(self, access_key_id: str, secret_access_key: str, instant: datetime) -> "_HalfHour":
        timestamp = instant.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{timestamp[:8]}/{self._region}/s3/aws4_request"
        # The parameters stand in the order of their names already; the answer's own parameter comes after them
        # in what is signed and before them in the link.
        query = (
            f"X-Amz-Algorithm={_ALGORITHM}"
            f"&X-Amz-Credential={quote(f'{access_key_id}/{scope}', safe='')}"
            f"&X-Amz-Date={timestamp}"
            f"&X-Amz-Expires={LINK_MINUTES * 60}"
            "&X-Amz-SignedHeaders=host"
        )
        head = f"{_ALGORITHM}\n{timestamp}\n{scope}\n"
        return _HalfHour(query, head, self._signing_key(secret_access_key, timestamp[:8]))

    def _signing_key(self, secret_access_key: str, date: str) -> bytes:
        wanted = (secret_access_key, date)
        derived = self._derived
        if derived is None or derived[0] != wanted:
            signing_key = f"AWS4{secret_access_key}".encode()
            for part in (date, self._region, "s3", "aws4_request"):
                signing_key = hmac.digest(signing_key, part.encode(), "sha256")
            derived = self._derived = (wanted, signing_key)
        return derived[1]


def _floored(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute - instant.minute % STEP_MINUTES, second=0, microsecond=0)


def _host_of(endpoint: str) -> str:
    """The Host header a client will send: a port that the scheme implies is left out."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"
