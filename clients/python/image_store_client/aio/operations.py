"""Uploads, shares, generation, the feed and statistics: what a store does without naming one of its areas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from image_store_client.aio.administration import SHARES
from image_store_client.aio.generation import AsyncJobs
from image_store_client.aio.paths import query_of
from image_store_client.delivery import ImageShare
from image_store_client.errors import ImageStoreError
from image_store_client.paging import AsyncPages
from image_store_client.uploads.sources import unreadable
from image_store_client.uploads.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Unpack

    import httpx

    from image_store_client.http.transport import Transport
    from image_store_client.schemas import (
        FeedCard,
        FeedFilters,
        GenerationRequest,
        Image,
        ImageAttributes,
        Job,
        Stats,
        StatsScope,
    )
    from image_store_client.uploads.sources import UploadInput
    from image_store_client.uploads.upload import OnTransfer, TransferProgress

PARALLEL_UPLOADS = 5


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """One success of `upload_many`: the place of the source, and its image."""

    index: int
    image: Image


@dataclass(frozen=True, slots=True)
class FailedUpload:
    """One failure of `upload_many`: the place of the source, and why it was not stored.

    A file that cannot be read is an `unsupported_source`, whose `__cause__` is the OSError.
    """

    index: int
    error: ImageStoreError


@dataclass(frozen=True, slots=True)
class UploadResults:
    """The results of `upload_many`, in the order of the sources."""

    successful: list[UploadedImage] = field(default_factory=list)
    failed: list[FailedUpload] = field(default_factory=list)


class AsyncStoreOperations:
    """What a store does without naming one of its areas."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def upload(
        self,
        source: UploadInput,
        *,
        on_progress: OnTransfer | None = None,
        idempotency_key: str | None = None,
        **attributes: Unpack[ImageAttributes],
    ) -> Image:
        """Store an image and return it when it is complete.

        The source is a path, bytes, a binary file, an address that the store fetches, or a data URI. A file of a type
        that the store does not accept fails before anything is sent (`unsupported_media_type`). Up to 4 MB go in one
        request, more go straight to storage. Failures are repeated, and the image is stored once; give your own
        `idempotency_key` to keep that promise over a restart of your program. `on_duplicate` says what to do with
        bytes that are stored already.
        """
        upload = Upload(self._transport, attributes, on_progress=on_progress, idempotency_key=idempotency_key)
        return await upload.run(source)

    async def upload_many(
        self,
        sources: Iterable[UploadInput],
        *,
        concurrency: int = PARALLEL_UPLOADS,
        on_progress: Callable[[int, TransferProgress], object] | None = None,
        **attributes: Unpack[ImageAttributes],
    ) -> UploadResults:
        """Store several images with the same attributes, some at a time; a failure does not stop the others.

        `on_progress` gets the place of the source and its progress, from several threads in the synchronous client.
        """

        async def one(index: int, source: UploadInput) -> UploadedImage | FailedUpload:
            def report(progress: TransferProgress) -> None:
                if on_progress is not None:
                    on_progress(index, progress)

            try:
                return UploadedImage(index, await self.upload(source, on_progress=report, **attributes))
            except ImageStoreError as failed:
                return FailedUpload(index, failed)
            except OSError as failed:
                return FailedUpload(index, unreadable(failed))

        makers = [
            lambda index=index, source=source: one(index, source) for index, source in enumerate(sources)
        ]
        results = UploadResults()
        for result in await self._transport.runtime.each(makers, width=concurrency):
            if isinstance(result, UploadedImage):
                results.successful.append(result)
            else:
                results.failed.append(result)
        return results

    def feed(self, *, page_size: int = 50, **filters: Unpack[FeedFilters]) -> AsyncPages[FeedCard]:
        """List the public images of all owners, newest first; it needs no token."""
        query = query_of(filters, limit=page_size)
        return AsyncPages(
            lambda cursor: self._transport.json(
                "GET", "/v1/feed", params={**query, "cursor": cursor}, signed_in=False
            )
        )

    async def share(
        self,
        *,
        image: str | None = None,
        group: str | None = None,
        all: bool = False,
        presets: Sequence[str] | None = None,
        expires_in: int | None = None,
        name: str | None = None,
    ) -> ImageShare:
        """Share one image (by its id), a group (`type:id`) or all images, for `expires_in` seconds (an hour).

        The addresses of all images and sizes are built from the answer without another request.
        """
        body: dict[str, Any] = {
            "image_id": image,
            "group": group,
            "all": all or None,
            "presets": list(presets) if presets is not None else None,
            "expires_in": expires_in,
            "name": name,
        }
        data = await self._transport.json(
            "POST", SHARES, json={name: value for name, value in body.items() if value is not None}
        )
        return ImageShare(data["url_prefix"], data)

    async def generate(
        self,
        request: str | GenerationRequest,
        *,
        on_progress: Callable[[Job], object] | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Generate images from a prompt or a whole request, and return the job when it has ended.

        `on_progress` gets the job after each change. A job can end with some images or none: see `status`, and
        `image_id` and `error` of its items. Ending the program does not stop the job; `jobs.cancel` does.
        """
        jobs = AsyncJobs(self._transport)
        job = await jobs.create(request, idempotency_key=idempotency_key)
        async for state in jobs.watch(job["id"]):
            job = state
            if on_progress is not None:
                on_progress(job)
        return job

    async def stats(
        self, *, scope: StatsScope | None = None, since: str | None = None, until: str | None = None
    ) -> Stats:
        """Return the figures of the owner, or as an admin those of all owners (`scope="all"`), with days."""
        params = {"scope": scope, "from": since, "to": until}
        return cast("Stats", await self._transport.json("GET", "/v1/stats", params=params))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        repeatable: bool | None = None,
        signed_in: bool = True,
    ) -> httpx.Response:
        """Send any request to the API, for what this client has no method for, or to read headers such as `ETag`.

        Redirects are not followed. After a network error the request is repeated only if it is repeatable: by
        default, every method but POST. ImageStoreError for a status of 400 or more.
        """
        return await self._transport.request(
            method,
            path,
            params=params,
            headers=headers,
            json=json,
            content=content,
            repeatable=repeatable,
            signed_in=signed_in,
        )
