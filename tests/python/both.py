"""The synchronous and the asynchronous client, called in the same way."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from image_store_client import AsyncImageStore, ImageStore
from image_store_client.http.answer_cache import AnswerCache
from image_store_client.http.asyncio_runtime import AsyncioRuntime
from image_store_client.http.credentials import Credentials, token_of
from image_store_client.http.retries import RetryPolicy
from image_store_client.http.runtime import ThreadRuntime, finish
from image_store_client.http.transport import Transport
from tests.plain_http import NO_AUTHORITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SYNC: Literal["sync"] = "sync"
ASYNC: Literal["async"] = "async"
TRIES = 3


class AnyStore:
    """One client, whose operations a test names as `store(lambda s: s.images.get("1"))`."""

    def __init__(self, store: Any, runner: asyncio.Runner | None) -> None:
        self.store = store
        self.waits: list[float] = []
        self.now = 1_000.0
        """The time by which a quick store keeps its answers."""
        self._runner = runner

    def __call__(self, operation: Callable[[Any], Any]) -> Any:
        """Call an operation and return its result."""
        if self._runner is None:
            return operation(self.store)

        async def called() -> Any:
            result = operation(self.store)
            return await result if inspect.isawaitable(result) else result

        return self._runner.run(called())

    def together(self, operation: Callable[[Any], Any], count: int) -> list[Any]:
        """Call an operation several times at once, and return each result or exception."""
        if self._runner is None:
            with ThreadPoolExecutor(count) as pool:
                futures = [pool.submit(operation, self.store) for _ in range(count)]
            return [future.exception() or future.result() for future in futures]

        async def called() -> list[Any]:
            calls = [operation(self.store) for _ in range(count)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

        return self._runner.run(called())

    def items(self, operation: Callable[[Any], Any]) -> list[Any]:
        """Every item of a list or of a watched job."""
        if self._runner is None:
            return list(operation(self.store))

        async def collected() -> list[Any]:
            return [item async for item in operation(self.store)]

        return self._runner.run(collected())

    def as_owner(self, owner: str) -> AnyStore:
        """The same client for an owner."""
        return AnyStore(self.store.as_owner(owner), self._runner)


@contextmanager
def any_store(kind: str, url: str, **options: Any) -> Iterator[AnyStore]:
    """A client of one kind, as a program makes it; closed at the end."""
    if kind == SYNC:
        with ImageStore(url, **options) as store:
            yield AnyStore(store, None)
        return
    with asyncio.Runner() as runner:
        client = AsyncImageStore(url, **options)
        try:
            yield AnyStore(client, runner)
        finally:
            runner.run(client.close())


@contextmanager
def quick_store(kind: str, url: str, *, token: Any = None, timeout_seconds: float = 10) -> Iterator[AnyStore]:
    """A client that does not wait between its tries, and lists how long it would have waited."""
    waits: list[float] = []
    policy = RetryPolicy(max_retries=TRIES - 1)
    if kind == SYNC:
        with httpx.Client(timeout=timeout_seconds, verify=NO_AUTHORITIES) as http:
            runtime = ThreadRuntime(http, sleep=waits.append)
            credentials = Credentials(token_of(None, token), runtime)
            transport = Transport(url, runtime, credentials, policy=policy)
            answer = AnyStore(_Sync(transport), None)
            answer.waits = waits
            transport.share_cache = AnswerCache(runtime, clock=lambda: answer.now)
            yield answer
        return
    with asyncio.Runner() as runner:
        loop_runtime = _Impatient(httpx.AsyncClient(timeout=timeout_seconds, verify=NO_AUTHORITIES), waits)
        credentials = Credentials(token_of(None, token), loop_runtime)
        transport = Transport(url, loop_runtime, credentials, policy=policy)
        answer = AnyStore(_Async(transport), runner)
        answer.waits = waits
        transport.share_cache = AnswerCache(loop_runtime, clock=lambda: answer.now)
        try:
            yield answer
        finally:
            runner.run(loop_runtime.close())


class _Impatient(AsyncioRuntime):
    def __init__(self, http: httpx.AsyncClient, waits: list[float]) -> None:
        super().__init__(http)
        self._waits = waits

    async def sleep(self, seconds: float) -> None:
        self._waits.append(seconds)
        await asyncio.sleep(0)


class _Sync(ImageStore):
    def __init__(self, transport: Transport) -> None:
        self._connect(transport, finish)


class _Async(AsyncImageStore):
    def __init__(self, transport: Transport) -> None:
        self._connect(transport)

    async def __aenter__(self) -> Self:
        return self
