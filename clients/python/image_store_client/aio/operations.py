"""Uploads, shares, generation, the feed and statistics: what a store does without naming one of its areas."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from json import dumps as json_text
from typing import TYPE_CHECKING, Any, cast

from image_store_client.aio.administration import SHARES
from image_store_client.aio.generation import AsyncJobs
from image_store_client.aio.paths import query_of
from image_store_client.delivery import ImageShare
from image_store_client.errors import ImageStoreError
from image_store_client.paging import AsyncPages
from image_store_client.uploads.many import ProgressOfMany, size_of
from image_store_client.uploads.sources import unreadable
from image_store_client.uploads.upload import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from typing import Unpack

    import httpx

    from image_store_client.http.transport import Transport
    from image_store_client.progress import OnUploadManyProgress, OnUploadProgress
    from image_store_client.schemas import (
        Event,
        EventPage,
        FeedCard,
        FeedFilters,
        GenerationRequest,
        ImageAttributes,
        Job,
        Month,
        Stats,
        StatsScope,
        Timeline,
    )
    from image_store_client.uploads.image_of_upload import ImageOfUpload
    from image_store_client.uploads.sources import UploadInput

PARALLEL_UPLOADS = 5
EVENT_WAIT_SECONDS = 20
"""How long one request waits for an event; the store waits no longer."""


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """One success of `upload_many`: the place of the source, and its image."""

    index: int
    image: ImageOfUpload


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
        on_progress: OnUploadProgress | None = None,
        idempotency_key: str | None = None,
        **attributes: Unpack[ImageAttributes],
    ) -> ImageOfUpload:
        """Store an image and return it when it is complete.

        The source is a `Path`, bytes, a binary file, an address that the store fetches, or a data URI. A text is never
        a path. A file of a type that the store does not accept fails before anything is sent
        (`unsupported_media_type`). Up to 4 MB go in one
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
        on_progress: OnUploadManyProgress | None = None,
        **attributes: Unpack[ImageAttributes],
    ) -> UploadResults:
        """Store several images with the same attributes, some at a time; a failure does not stop the others.

        `on_progress` gets the bytes of all, and in `uploads` the state of each. One call ends before
        the next begins; the synchronous client calls it from threads of its own.
        """
        all_sources = list(sources)
        progress: ProgressOfMany | None = None
        if on_progress is not None:
            sizes = await self._transport.runtime.call(lambda: [size_of(each) for each in all_sources])
            progress = ProgressOfMany(sizes, on_progress)

        async def one(index: int) -> UploadedImage | FailedUpload:
            report = partial(progress.went_on, index) if progress is not None else None
            try:
                image = await self.upload(all_sources[index], on_progress=report, **attributes)
                result: UploadedImage | FailedUpload = UploadedImage(index, image)
            except ImageStoreError as failed:
                result = FailedUpload(index, failed)
            except OSError as failed:
                result = FailedUpload(index, unreadable(failed))
            if progress is not None:
                progress.ended(index, is_stored=isinstance(result, UploadedImage))
            return result

        makers = [partial(one, index) for index in range(len(all_sources))]
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
        reuse: bool = False,
    ) -> ImageShare:
        """Share one image (by its id), a group (`type:id`) or all images, for `expires_in` seconds (an hour).

        The addresses of all images and sizes are built from the answer without another request. With `reuse`, a share
        of this client with the same arguments and owner is returned again while at least half of its life is left; the
        last 1,000 such shares are kept.
        """
        body: dict[str, Any] = {
            "image_id": image,
            "group": group,
            "all": all or None,
            "presets": list(presets) if presets is not None else None,
            "expires_in": expires_in,
            "name": name,
        }
        given = {name: value for name, value in body.items() if value is not None}

        async def create() -> ImageShare:
            data = await self._transport.json("POST", SHARES, json=given)
            return ImageShare(data["url_prefix"], data)

        async def create_to_keep() -> tuple[ImageShare, float]:
            share = await create()
            return share, share.life_seconds / 2

        if not reuse:
            return await create()
        token = await self._transport.credentials.current()  # another one may be that of another caller
        question = (token, self._transport.owner, json_text(given, sort_keys=True))
        return await self._transport.share_cache.get(question, create_to_keep)

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

    async def timeline(self) -> list[Month]:
        """Return the months in which the owner has images, the newest first, with the number of each month and day."""
        months: list[Month] = []
        cursor: str | None = None
        while True:
            page = cast(
                "Timeline", await self._transport.json("GET", "/v1/timeline", params={"cursor": cursor})
            )
            months += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return months

    async def event_pages(
        self,
        *,
        after: str | None = None,
        since: str | None = None,
        types: Sequence[str] = (),
        scope: StatsScope | None = None,
        follow: bool = True,
    ) -> AsyncIterator[EventPage]:
        """Yield events in pages, each as soon as it has one; keep its `next_cursor` to go on after a restart.

        Begins after a cursor (`after`), at a day or an instant (`since`), or with the oldest event. Without `follow`
        it ends when there are no more. The same event can come again, with the same `id`.
        """
        params: dict[str, Any] = {
            "types": ",".join(types) or None,
            "scope": scope,
            "wait": EVENT_WAIT_SECONDS if follow else None,
        }
        start: dict[str, Any] = {"after": after, "since": since}
        while True:
            page = cast("EventPage", await self._transport.json("GET", "/v1/events", params=params | start))
            if page["items"]:
                yield page
            if not follow and not page["has_more"]:
                return
            start = {"after": page["next_cursor"]}

    async def events(
        self,
        *,
        after: str | None = None,
        since: str | None = None,
        types: Sequence[str] = (),
        scope: StatsScope | None = None,
        follow: bool = True,
    ) -> AsyncIterator[Event]:
        """Yield events as they happen, as `event_pages` does, one by one."""
        pages = self.event_pages(after=after, since=since, types=types, scope=scope, follow=follow)
        async for page in pages:
            for event in page["items"]:
                yield event

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
        """Send any request to the API, for what this client has no method for, or to read headers of its response.

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
