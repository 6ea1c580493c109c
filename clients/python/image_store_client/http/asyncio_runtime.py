"""The runtime of programs with asyncio."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

from image_store_client.http.runtime import CHUNK_BYTES, LimitedBody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    import httpx

    from image_store_client.http.runtime import OutgoingRequest

T = TypeVar("T")


class AsyncioRuntime:
    """Runs in the event loop of asyncio; blocking work runs in its threads."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def send(self, request: OutgoingRequest) -> httpx.Response:
        """Send with httpx.AsyncClient; redirects are not followed, and a cancellation closes the connection."""
        content = _sent(request.chunks(), request.on_bytes) if request.chunks else request.content
        outgoing = self.http.build_request(**request.arguments(content))
        answer = await self.http.send(outgoing, stream=True, follow_redirects=False)
        body, received = LimitedBody(), 0
        try:
            if request.sink is not None and answer.status_code == 200:
                async for chunk in answer.aiter_raw(CHUNK_BYTES):
                    await asyncio.to_thread(request.sink, chunk)
                    received += len(chunk)
                    request.on_bytes(received)
            else:
                async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                    body.add(chunk)
        finally:
            await answer.aclose()
        return body.put_into(answer)

    async def sleep(self, seconds: float) -> None:
        """Let others run."""
        await asyncio.sleep(seconds)

    async def call(self, function: Callable[[], T]) -> T:
        """Call it in a thread."""
        return await asyncio.to_thread(function)

    async def resolve(self, value: T | Awaitable[T]) -> T:
        """Await it if that is possible."""
        return await value if inspect.isawaitable(value) else value

    async def each(self, makers: Sequence[Callable[[], Coroutine[Any, Any, T]]], *, width: int) -> list[T]:
        """Run them in tasks; a cancellation or an exception cancels all of them, and is raised as it is."""
        free = asyncio.Semaphore(width)

        async def one(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
            async with free:
                return await make()

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(make)) for make in makers]
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [task.result() for task in tasks]

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Create a lock of tasks."""
        return cast("AbstractAsyncContextManager[None]", asyncio.Lock())

    async def close(self) -> None:
        """Close the httpx.AsyncClient."""
        await self.http.aclose()


async def _sent(chunks: Iterator[bytes], on_bytes: Callable[[int], object]) -> AsyncIterator[bytes]:
    count = 0
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk
        count += len(chunk)
        on_bytes(count)
