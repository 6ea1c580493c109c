"""Providers that are spoken to without an SDK: one request, one answer, no retries and no redirects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from image_store.adapters.providers.failures import failure
from image_store.domain.providers import Reason
from image_store.ports.system import Clock

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CONNECT_SECONDS = 5.0
_PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered, whole."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def media_type(self) -> str:
        """The type it says it has, without parameters."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None


class PlainHttp:
    """Sends requests; connections are kept for the next one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], until: datetime, body: bytes | None = None
    ) -> Answer:
        """One exchange, done by `until`; ProviderFailure when there is no whole answer."""
        from urllib3.exceptions import (
            ConnectTimeoutError,
            HTTPError,
            MaxRetryError,
            NewConnectionError,
            ReadTimeoutError,
        )
        from urllib3.exceptions import TimeoutError as AnyTimeout
        from urllib3.util import Timeout

        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise failure(Reason.UNAVAILABLE)  # nothing was asked of it
        try:
            answer = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
                timeout=Timeout(connect=min(_CONNECT_SECONDS, left), read=left),
            )
            try:
                data = self._read(answer, until)
            finally:
                answer.close()
        except (ConnectTimeoutError, NewConnectionError) as error:
            raise failure(Reason.UNAVAILABLE) from error  # never reached it
        except (ReadTimeoutError, AnyTimeout) as error:
            raise failure(Reason.TIMEOUT) from error
        except MaxRetryError as error:
            raise failure(Reason.UNAVAILABLE) from error
        except (HTTPError, OSError) as error:
            raise failure(Reason.CONNECTION) from error
        return Answer(answer.status, answer.headers, data)

    def _read(self, answer: Any, until: datetime) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in answer.stream(_PART_BYTES, decode_content=True):
            size += len(part)
            parts.append(part)
            if size > MAX_ANSWER_BYTES:
                raise failure(Reason.BAD_ANSWER)
            if self._clock.now() >= until:
                raise failure(Reason.TIMEOUT)
        return b"".join(parts)

    @cached_property
    def _pool(self) -> Any:
        from urllib3 import PoolManager

        return PoolManager(retries=False)
