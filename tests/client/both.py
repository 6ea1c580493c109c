"""The synchronous and the asynchronous client, called in the same way."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from image_store_client import AsyncImageStore, ImageStore
from image_store_client.http.credentials import Credentials, the_token
from image_store_client.http.loop import LoopRuntime
from image_store_client.http.retries import RetryPolicy
from image_store_client.http.runtime import ThreadRuntime, finish
from image_store_client.http.transport import Transport

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
        self._runner = runner

    def __call__(self, operation: Callable[[Any], Any]) -> Any:
        """Call an operation and return its result."""
        if self._runner is None:
            return operation(self.store)

        async def called() -> Any:
            result = operation(self.store)
            return await result if inspect.isawaitable(result) else result

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
    policy = RetryPolicy(tries=TRIES)
    if kind == SYNC:
        with httpx.Client(timeout=timeout_seconds) as http:
            runtime = ThreadRuntime(http, sleep=waits.append)
            credentials = Credentials(the_token(None, token), runtime)
            store = _Sync(Transport(url, runtime, credentials, policy=policy))
            answer = AnyStore(store, None)
            answer.waits = waits
            yield answer
        return
    with asyncio.Runner() as runner:
        loop_runtime = _Impatient(httpx.AsyncClient(timeout=timeout_seconds), waits)
        credentials = Credentials(the_token(None, token), loop_runtime)
        client = _Async(Transport(url, loop_runtime, credentials, policy=policy))
        answer = AnyStore(client, runner)
        answer.waits = waits
        try:
            yield answer
        finally:
            runner.run(loop_runtime.close())


class _Impatient(LoopRuntime):
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
