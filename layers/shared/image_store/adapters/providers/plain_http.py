"""One request to a provider and one answer: bounded in time and size, without retries, redirects or a proxy.

The SDKs use it as well, so that every answer of a provider is read within these bounds. An answer that breaks off is
returned as far as it came, since it may contain a whole picture.
"""

import json
import logging
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from image_store.adapters.providers.failures import failure
from image_store.domain.generation.providers import Reason
from image_store.ports.system import Clock

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_JSON_PARTS = 1_000_000
"""Lists, objects and their parts; an answer with ten pictures and their details has about a hundred."""
_CONNECT_SECONDS = 5.0
_PART_BYTES = 16 * 1024
_GZIP = b"\x1f\x8b"
_ANY_ZLIB, _RAW_DEFLATE = 47, -15
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_SPACE = re.compile(r"\s*")
_LONGEST_NUMBER = 18
"""Digits. Python refuses to read numbers of thousands of digits, and with them the answer that holds one."""

# If a server sends broken headers, this logger would log the address, which may contain a prompt.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Answer:
    """An answer of a provider."""

    status: int
    headers: Mapping[str, str]
    """Names are case-insensitive."""
    data: bytes
    broken: Reason | None = None
    """Why the answer is incomplete; None if it is complete."""
    url: str = ""
    """The address that answered; links in the answer are relative to it."""

    @property
    def is_success(self) -> bool:
        """Whether the status is a success."""
        return 200 <= self.status < 300

    @cached_property
    def text(self) -> str:
        """The body as text, with a replacement character for each byte that is no text."""
        try:
            encoding = json.detect_encoding(self.data[:16])
            return self.data.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
        except (LookupError, UnicodeError):
            return self.data.decode("utf-8", errors="replace")

    @property
    def json(self) -> Any:
        """The JSON at the beginning of the body; None if there is none."""
        return self._read[0]

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON and nothing else."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Any, bool]:
        # An empty list takes three bytes here and sixty once it is read; a picture takes one text, however long.
        if sum(map(self.data.count, (b",", b"[", b"{"))) > MAX_JSON_PARTS:
            return None, False
        text = self.text
        decoder = json.JSONDecoder(strict=False, parse_int=_number, object_pairs_hook=_object)
        try:
            value, end = decoder.raw_decode(text, _end_of_space(text, 0))
        except (ValueError, RecursionError):
            return None, False
        return value, _end_of_space(text, end) == len(text)

    def member(self, name: str) -> Any:
        """A member of the body's JSON object; None if there is none."""
        return self.json.get(name) if isinstance(self.json, dict) else None


class PlainHttp:
    """Sends requests, each on a connection of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], until: datetime, body: bytes | None = None
    ) -> Answer:
        """Send a request and read its answer by `until`; ProviderFailure if no answer began."""
        from urllib3.exceptions import HTTPError

        from image_store.adapters.remote.time_limit import TimeLimit

        connection = self._connected(url, until)
        parts = urlsplit(url)
        resource = quote(parts.path, safe=_PATH_SAFE) or "/"
        if parts.query:
            resource += "?" + quote(parts.query, safe=_PATH_SAFE + "?")
        try:
            with TimeLimit(connection, self._left(until)) as time_limit:
                try:
                    connection.request(
                        method,
                        resource,
                        body=body,
                        headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
                        preload_content=False,
                        decode_content=False,
                    )
                    answer = connection.getresponse()
                except (HTTPError, HTTPException, OSError) as error:
                    late = time_limit.has_expired or isinstance(error, TimeoutError)
                    raise failure(Reason.TIMEOUT if late else Reason.CONNECTION) from error
                data, broken = _read(answer, time_limit)
        finally:
            connection.close()
        return Answer(answer.status, answer.headers, *_decompressed(data, answer.headers, broken), url=url)

    def _connected(self, url: str, until: datetime) -> Any:
        from urllib3.connection import HTTPConnection, HTTPSConnection
        from urllib3.exceptions import HTTPError

        from image_store.adapters.remote.connections import system_trust

        left = self._left(until)
        parts = urlsplit(url)
        patience = min(_CONNECT_SECONDS, left)
        connection: HTTPConnection
        if parts.scheme == "https":
            connection = HTTPSConnection(
                parts.hostname or "", parts.port or 443, timeout=patience, ssl_context=system_trust()
            )
        else:
            connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=patience)
        try:
            connection.connect()
        except (HTTPError, OSError, ValueError) as error:
            connection.close()
            raise failure(Reason.UNAVAILABLE) from error  # it was not reached, so nothing was sent
        # The time limit ends it; a timeout of the socket would discard what has arrived.
        connection.timeout = left + 1
        return connection

    def _left(self, until: datetime) -> float:
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise failure(Reason.UNAVAILABLE)  # nothing was sent
        return left


def _read(answer: Any, time_limit: Any) -> tuple[bytes, Reason | None]:
    """The body as far as it came, and why it is incomplete."""
    from urllib3.exceptions import HTTPError

    parts: list[bytes] = []
    size = 0
    try:
        while part := answer.read(_PART_BYTES):
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                return b"".join(parts), Reason.BAD_ANSWER
    except (HTTPError, HTTPException, OSError):
        return b"".join(parts), Reason.TIMEOUT if time_limit.has_expired else Reason.CONNECTION
    finally:
        answer.close()
    return b"".join(parts), Reason.TIMEOUT if time_limit.has_expired else None


def _decompressed(
    data: bytes, headers: Mapping[str, str], broken: Reason | None
) -> tuple[bytes, Reason | None]:
    """The decompressed body, whatever its headers say, at most MAX_ANSWER_BYTES."""
    encoding = (headers.get("Content-Encoding") or "").strip().lower()
    if data.startswith(_GZIP):
        windows = [_ANY_ZLIB]
    elif encoding == "deflate":
        windows = [_ANY_ZLIB, _RAW_DEFLATE]
    else:
        windows = []
    for window in windows:
        decompressor = zlib.decompressobj(window)
        try:
            body = decompressor.decompress(data, MAX_ANSWER_BYTES)
        except zlib.error:
            continue
        if decompressor.unconsumed_tail:
            return body, Reason.BAD_ANSWER
        return body, broken if decompressor.eof else broken or Reason.CONNECTION
    return data, broken


def _end_of_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. If two members have one name, the later counts, unless it is empty."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name not in members or value:
            members[name] = value
    return members
