"""The client of an image store for programs with asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpx

from image_store_client.aio.administration import (
    AsyncAdmin,
    AsyncKeys,
    AsyncProviders,
    AsyncShares,
    AsyncUploadTokens,
)
from image_store_client.aio.generation import AsyncJobs
from image_store_client.aio.groups import AsyncGroups, AsyncTags
from image_store_client.aio.images import AsyncImages
from image_store_client.aio.operations import AsyncStoreOperations
from image_store_client.aio.webhooks import AsyncWebhooks
from image_store_client.http.asyncio_runtime import AsyncioRuntime
from image_store_client.http.credentials import Credentials, token_of
from image_store_client.http.retries import RetryPolicy
from image_store_client.http.transport import Transport, client_options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class AsyncImageStore(AsyncStoreOperations):
    """An image store, for one caller; use it as an asynchronous context manager, or call `close`.

    The caller is an API key (`key`), or a `token`: of a signed-in user, or an upload token. A token may be a function,
    also a coroutine function: it is called at the first use, and again when the store refuses its token. `owner` is
    whom an API key with the scope `act-as` acts for. `http_client` replaces the connection, for a proxy or other
    certificates; the caller closes it. A request is repeated at most `max_retries` times, where that is safe.
    """

    images: AsyncImages
    groups: AsyncGroups
    tags: AsyncTags
    jobs: AsyncJobs
    shares: AsyncShares
    keys: AsyncKeys
    upload_tokens: AsyncUploadTokens
    providers: AsyncProviders
    webhooks: AsyncWebhooks
    admin: AsyncAdmin

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        token: str | Callable[[], str | Awaitable[str]] | None = None,
        owner: str | None = None,
        timeout_seconds: float = 60,
        max_retries: int = 4,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        http = http_client or httpx.AsyncClient(**client_options(timeout_seconds))
        runtime = AsyncioRuntime(http)
        policy = RetryPolicy(max_retries=max_retries)
        credentials = Credentials(token_of(key, token), runtime)
        self._is_closing = http_client is None
        self._connect(Transport(url, runtime, credentials, owner=owner, policy=policy))

    def _connect(self, transport: Transport) -> None:
        super().__init__(transport)
        self.images = AsyncImages(transport)
        self.groups = AsyncGroups(transport)
        self.tags = AsyncTags(transport)
        self.jobs = AsyncJobs(transport)
        self.shares = AsyncShares(transport)
        self.keys = AsyncKeys(transport)
        self.upload_tokens = AsyncUploadTokens(transport)
        self.providers = AsyncProviders(transport)
        self.webhooks = AsyncWebhooks(transport)
        self.admin = AsyncAdmin(transport)

    @property
    def url(self) -> str:
        """The address of the store."""
        return self._transport.url

    def as_owner(self, owner: str) -> AsyncImageStore:
        """Return the same connection, acting for an owner; only the original is to be closed.

        `invalid_request` for an empty owner: the store never acts for the key's owner instead.
        """
        store = AsyncImageStore.__new__(AsyncImageStore)
        store._is_closing = False
        store._connect(self._transport.with_owner(owner))
        return store

    async def close(self) -> None:
        """Close the connections."""
        if self._is_closing:
            await self._transport.runtime.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncImageStore({self.url!r})"
