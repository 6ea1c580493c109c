"""Uploads, shares, generation, the feed and statistics: what a store does without naming one of its areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.aio.operations import PARALLEL_UPLOADS
from image_store_client.http.runtime import steps
from image_store_client.paging import Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Unpack

    import httpx

    from image_store_client.aio.operations import AsyncStoreOperations, UploadResults
    from image_store_client.delivery import ImageShare
    from image_store_client.http.runtime import Run
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
    )
    from image_store_client.uploads.image_of_upload import ImageOfUpload
    from image_store_client.uploads.sources import UploadInput


class StoreOperations:
    """What a store does without naming one of its areas."""

    def __init__(self, core: AsyncStoreOperations, run: Run) -> None:
        self._core = core
        self._run = run

    def upload(
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
        return self._run(
            self._core.upload(source, on_progress=on_progress, idempotency_key=idempotency_key, **attributes)
        )

    def upload_many(
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
        return self._run(
            self._core.upload_many(sources, concurrency=concurrency, on_progress=on_progress, **attributes)
        )

    def feed(self, *, page_size: int = 50, **filters: Unpack[FeedFilters]) -> Pages[FeedCard]:
        """List the public images of all owners, newest first; it needs no token."""
        return Pages(self._core.feed(page_size=page_size, **filters), self._run)

    def share(
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
        return self._run(
            self._core.share(
                image=image,
                group=group,
                all=all,
                presets=presets,
                expires_in=expires_in,
                name=name,
                reuse=reuse,
            )
        )

    def generate(
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
        return self._run(
            self._core.generate(request, on_progress=on_progress, idempotency_key=idempotency_key)
        )

    def stats(
        self, *, scope: StatsScope | None = None, since: str | None = None, until: str | None = None
    ) -> Stats:
        """Return the figures of the owner, or as an admin those of all owners (`scope="all"`), with days."""
        return self._run(self._core.stats(scope=scope, since=since, until=until))

    def timeline(self) -> list[Month]:
        """Return the months in which the owner has images, the newest first, with the number of each month and day."""
        return self._run(self._core.timeline())

    def event_pages(
        self,
        *,
        after: str | None = None,
        since: str | None = None,
        types: Sequence[str] = (),
        scope: StatsScope | None = None,
        follow: bool = True,
    ) -> Iterator[EventPage]:
        """Yield events in pages, each as soon as it has one; keep its `next_cursor` to go on after a restart.

        Begins after a cursor (`after`), at a day or an instant (`since`), or with the oldest event. Without `follow`
        it ends when there are no more. The same event can come again, with the same `id`.
        """
        return steps(
            self._core.event_pages(after=after, since=since, types=types, scope=scope, follow=follow),
            self._run,
        )

    def events(
        self,
        *,
        after: str | None = None,
        since: str | None = None,
        types: Sequence[str] = (),
        scope: StatsScope | None = None,
        follow: bool = True,
    ) -> Iterator[Event]:
        """Yield events as they happen, as `event_pages` does, one by one."""
        return steps(
            self._core.events(after=after, since=since, types=types, scope=scope, follow=follow), self._run
        )

    def request(
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
        return self._run(
            self._core.request(
                method,
                path,
                params=params,
                headers=headers,
                json=json,
                content=content,
                repeatable=repeatable,
                signed_in=signed_in,
            )
        )
