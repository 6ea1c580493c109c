"""What differs between programs with and without asyncio: sending, sleeping, blocking work, work at the same time.

The client is written once, as coroutines over the protocol `Runtime`. The coroutines of a `ThreadRuntime` never
suspend, so `finish` runs each of them to its end without an event loop.
"""

from __future__ import annotations

import inspect
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

T = TypeVar("T")
CHUNK_BYTES = 256 * 1024
MOST_ANSWER_BYTES = 16_000_000
"""Of an answer in memory. The largest that the API can send is some 6 MB."""


def _ignore(_: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One request; `chunks` yields its body, and `sink` gets the body of a response 200 piece by piece.

    Both may block. `on_bytes` gets the number of bytes that went through either of them so far.
    """

    method: str
    url: str
    params: Sequence[tuple[str, str | int | float | bool]] = ()
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    files: Mapping[str, Any] | None = None
    content: bytes | None = None
    chunks: Callable[[], Iterator[bytes]] | None = None
    sink: Callable[[bytes], object] | None = None
    on_bytes: Callable[[int], object] = _ignore

    def arguments(self, content: Any) -> dict[str, Any]:
        """The arguments of httpx's `build_request`."""
        return {
            "method": self.method,
            "url": self.url,
            "params": self.params or None,
            "headers": self.headers,
            "json": self.json,
            "files": self.files,
            "content": content,
        }


class Runtime(Protocol):
    """How coroutines of the client reach the world."""

    async def send(self, request: OutgoingRequest) -> httpx.Response:
        """Return the response, with its body unless that went into the sink; a redirect is not followed.

        httpx.RequestError without a response, and TooLargeAnswer for one that no store gives.
        """

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def call(self, function: Callable[[], T]) -> T:
        """Run a function that blocks."""

    async def resolve(self, value: T | Awaitable[T]) -> T:
        """Return a value that a callable of the caller returned, perhaps as an awaitable."""

    async def each(self, makers: Sequence[Callable[[], Coroutine[Any, Any, T]]], *, width: int) -> list[T]:
        """Run coroutines, at most `width` at a time, and return their results in order."""

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Create a lock."""

    async def close(self) -> None:
        """Close the connections."""


class TooLargeAnswer(Exception):
    """A response is longer than any of a store."""


class LimitedBody:
    """The body of a response, up to `MOST_ANSWER_BYTES`."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, chunk: bytes) -> None:
        """Add some bytes; TooLargeAnswer if they are too many."""
        self._data += chunk
        if len(self._data) > MOST_ANSWER_BYTES:
            raise TooLargeAnswer

    def put_into(self, answer: httpx.Response) -> httpx.Response:
        """Return the response with this body, which is not compressed any more."""
        headers = answer.headers.copy()
        if headers.pop("content-encoding", None) is not None:
            headers.pop("content-length", None)
        headers.pop("transfer-encoding", None)
        whole = httpx.Response(
            answer.status_code,
            headers=headers,
            content=bytes(self._data),
            request=answer.request,
            extensions=answer.extensions,
        )
        with suppress(RuntimeError):  # one that a transport of the caller has made at once has none
            whole.elapsed = answer.elapsed
        return whole


class ThreadRuntime:
    """Blocks; safe to use from several threads."""

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.http = http
        self._sleep = sleep

    async def send(self, request: OutgoingRequest) -> httpx.Response:
        """Send with httpx.Client; redirects are not followed."""
        content = _counted(request.chunks(), request.on_bytes) if request.chunks else request.content
        outgoing = self.http.build_request(**request.arguments(content))
        answer = self.http.send(outgoing, stream=True, follow_redirects=False)
        body = LimitedBody()
        try:
            if request.sink is not None and answer.status_code == 200:
                for chunk in _counted(answer.iter_raw(CHUNK_BYTES), request.on_bytes):
                    request.sink(chunk)
            else:
                for chunk in answer.iter_bytes(CHUNK_BYTES):
                    body.add(chunk)
        finally:
            answer.close()
        return body.put_into(answer)

    async def sleep(self, seconds: float) -> None:
        """Block this thread."""
        self._sleep(seconds)

    async def call(self, function: Callable[[], T]) -> T:
        """Call it."""
        return function()

    async def resolve(self, value: T | Awaitable[T]) -> T:
        """Return the value; TypeError for an awaitable, which needs the asynchronous client."""
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise TypeError(
                "The token callable is a coroutine function: use AsyncImageStore, or return a str."
            )
        return value

    async def each(self, makers: Sequence[Callable[[], Coroutine[Any, Any, T]]], *, width: int) -> list[T]:
        """Run them in threads; after an exception those that have not begun are left out."""
        with ThreadPoolExecutor(width) as pool:
            try:
                return list(pool.map(lambda make: finish(make()), makers))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Create a lock of threads."""
        return _ThreadLock()

    async def close(self) -> None:
        """Close the httpx.Client."""
        self.http.close()


def _counted(chunks: Iterator[bytes], on_bytes: Callable[[int], object]) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        yield chunk
        count += len(chunk)
        on_bytes(count)


class _ThreadLock:
    """A lock of threads that coroutines enter without suspending."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    async def __aenter__(self) -> None:
        self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class Run(Protocol):
    """Runs coroutines of a `ThreadRuntime`, as `finish` does."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        """Return the result of a coroutine."""


def finish(coroutine: Coroutine[Any, Any, T], /) -> T:
    """Run a coroutine of a `ThreadRuntime` to its end, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError("A coroutine of a ThreadRuntime suspended.")


def steps(items: AsyncIterator[T], run: Run) -> Iterator[T]:
    """Iterate over what an asynchronous iterator of a `ThreadRuntime` yields."""
    end = object()

    async def step() -> T | object:
        return await anext(items, end)

    while (item := run(step())) is not end:
        yield cast("T", item)
