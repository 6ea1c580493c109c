"""What differs between programs with and without asyncio: sending, sleeping, blocking work, work at the same time.

The client is written once, as coroutines over the protocol `Runtime`. The coroutines of a `ThreadRuntime` never
suspend, so `finish` runs each of them to its end without an event loop.
"""

from __future__ import annotations

import inspect
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    import httpx

T = TypeVar("T")
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One request; `chunks` yields its body, and `sink` gets the body of a response 200 piece by piece."""

    method: str
    url: str
    params: Sequence[tuple[str, str | int | float | bool]] = ()
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    files: Mapping[str, Any] | None = None
    content: bytes | None = None
    chunks: Callable[[], Iterator[bytes]] | None = None
    sink: Callable[[bytes], object] | None = None
    follow_redirects: bool = False

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
        """Return the response, with its body unless that went into the sink; httpx.RequestError without one."""

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


class ThreadRuntime:
    """Blocks; safe to use from several threads."""

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.http = http
        self._sleep = sleep

    async def send(self, request: OutgoingRequest) -> httpx.Response:
        """Send with httpx.Client."""
        content = request.chunks() if request.chunks else request.content
        outgoing = self.http.build_request(**request.arguments(content))
        answer = self.http.send(
            outgoing, stream=request.sink is not None, follow_redirects=request.follow_redirects
        )
        if request.sink is not None:
            try:
                if answer.status_code == 200:
                    for chunk in answer.iter_raw(CHUNK_BYTES):
                        request.sink(chunk)
                else:
                    answer.read()
            finally:
                answer.close()
        return answer

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
