"""The client of an image store for programs without asyncio."""

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
from image_store_client.http.credentials import Credentials, token_of
from image_store_client.http.retries import RetryPolicy
from image_store_client.http.runtime import Run, ThreadRuntime, finish
from image_store_client.http.transport import Transport, client_options
from image_store_client.sync.administration import Admin, Keys, Providers, Shares, UploadTokens
from image_store_client.sync.generation import Jobs
from image_store_client.sync.groups import Groups, Tags
from image_store_client.sync.images import Images
from image_store_client.sync.operations import StoreOperations
from image_store_client.sync.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable


class ImageStore(StoreOperations):
    """An image store, for one caller; safe to use from several threads. Use it in a `with` block, or call `close`.

    The caller is an API key (`key`), or a `token`: of a signed-in user, or an upload token. A token may be a function:
    it is called at the first use, and again when the store refuses its token. `owner` is whom an API key with the scope
    `act-as` acts for. `http_client` replaces the connection, for a proxy or other certificates; the caller closes it.
    A request is repeated at most `max_retries` times, where that is safe.
    """

    images: Images
    groups: Groups
    tags: Tags
    jobs: Jobs
    shares: Shares
    keys: Keys
    upload_tokens: UploadTokens
    providers: Providers
    webhooks: Webhooks
    admin: Admin

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        token: str | Callable[[], str] | None = None,
        owner: str | None = None,
        timeout_seconds: float = 60,
        max_retries: int = 4,
        http_client: httpx.Client | None = None,
    ) -> None:
        http = http_client or httpx.Client(**client_options(timeout_seconds))
        runtime = ThreadRuntime(http)
        policy = RetryPolicy(max_retries=max_retries)
        credentials = Credentials(token_of(key, token), runtime)
        self._is_closing = http_client is None
        self._connect(Transport(url, runtime, credentials, owner=owner, policy=policy), finish)

    def _connect(self, transport: Transport, run: Run) -> None:
        super().__init__(AsyncStoreOperations(transport), run)
        self._transport = transport
        self.images = Images(AsyncImages(transport), run)
        self.groups = Groups(AsyncGroups(transport), run)
        self.tags = Tags(AsyncTags(transport), run)
        self.jobs = Jobs(AsyncJobs(transport), run)
        self.shares = Shares(AsyncShares(transport), run)
        self.keys = Keys(AsyncKeys(transport), run)
        self.upload_tokens = UploadTokens(AsyncUploadTokens(transport), run)
        self.providers = Providers(AsyncProviders(transport), run)
        self.webhooks = Webhooks(AsyncWebhooks(transport), run)
        self.admin = Admin(AsyncAdmin(transport), run)

    @property
    def url(self) -> str:
        """The address of the store."""
        return self._transport.url

    def as_owner(self, owner: str) -> ImageStore:
        """Return the same connection, acting for an owner; only the original is to be closed.

        `invalid_request` for an empty owner: the store never acts for the key's owner instead.
        """
        store = ImageStore.__new__(ImageStore)
        store._is_closing = False
        store._connect(self._transport.with_owner(owner), self._run)
        return store

    def close(self) -> None:
        """Close the connections."""
        if self._is_closing:
            finish(self._transport.runtime.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ImageStore({self.url!r})"
