"""Images: read, find, change, download and delete them."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from image_store_client.aio.paths import path_of, query_of
from image_store_client.downloads import ExpectedBytes, fetch_again, fetch_bytes, whole_file
from image_store_client.errors import ImageStoreError, NotFoundError
from image_store_client.http.transport import body_of, target_of
from image_store_client.media import MOST_IMAGE_BYTES
from image_store_client.paging import AsyncPages, Cursors

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from typing import Literal, Unpack

    import httpx

    from image_store_client.http.transport import Transport
    from image_store_client.progress import OnDownloadProgress
    from image_store_client.schemas import (
        BatchChangeResult,
        BatchDeleteResult,
        BatchUpdate,
        Card,
        Image,
        ImageListFilters,
        ImagePatch,
        SearchFilters,
        SignedLink,
        SignedLinkRequest,
        SimilarImage,
    )

PATH = "/v1/images"
MOST_DELETED_AT_ONCE = 100
MOST_CHANGED_AT_ONCE = 100
NOT_MODIFIED = 304
MOST_UPDATES = 5
"""How often a change that depends on the image is tried."""


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """An image as it is now, and the ETag of this version, which `update` takes as `if_match`."""

    image: Image
    etag: str


class AsyncImages:
    """The images of the owner."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, image_id: str) -> Image:
        """Return an image; NotFoundError if there is none, or another owner has it."""
        return cast("Image", await self._transport.json("GET", path_of(PATH, image_id)))

    async def get_version(self, image_id: str) -> ImageVersion:
        """Return an image with the ETag of this version; NotFoundError as of `get`."""
        answer = await self._transport.request("GET", path_of(PATH, image_id))
        etag = answer.headers.get("ETag") or _missing(answer, "the version of the image")
        return ImageVersion(body_of(answer), etag)

    async def get_newer_version(self, image_id: str, etag: str) -> ImageVersion | None:
        """Return an image that has another version than this ETag, or None; NotFoundError as of `get`."""
        answer = await self._transport.request(
            "GET", path_of(PATH, image_id), headers={"If-None-Match": etag}
        )
        if answer.status_code == NOT_MODIFIED:
            return None
        newer = answer.headers.get("ETag") or _missing(answer, "the version of the image")
        return ImageVersion(body_of(answer), newer)

    async def exists(self, image_id: str) -> bool:
        """Tell whether there is such an image. An error other than 404 is raised: then nobody knows."""
        try:
            await self.get(image_id)  # the response of a HEAD could not say that it is from an image store
        except NotFoundError:
            return False
        return True

    async def bytes(
        self, image_id: str, *, preset: str | None = None, transform: SignedLinkRequest | None = None
    ) -> builtins.bytes:
        """Download the original, a rendition such as `thumb`, or a transform such as `{"w": 400}`, into memory."""
        if transform is None:
            return await fetch_bytes(self._transport, lambda: self.content_link(image_id, preset=preset))
        if preset is not None:
            raise ValueError("Give either a preset or a transform.")

        async def locate() -> str:
            return (await self.link(image_id, **transform))["url"]

        return await fetch_bytes(self._transport, locate)

    async def download(
        self,
        image_id: str,
        path: str | os.PathLike[str],
        *,
        preset: str | None = None,
        overwrite: bool = False,
        on_progress: OnDownloadProgress | None = None,
    ) -> Path:
        """Download the original, or a rendition such as `thumb`, into a file, and return its path.

        The file appears when all bytes have arrived; the size and checksum of an original are checked
        (`broken_download`). FileExistsError if the file exists, unless `overwrite`.
        """
        target = Path(path)
        expected = ExpectedBytes(most=MOST_IMAGE_BYTES)
        if preset is None:
            image = await self.get(image_id)
            expected = ExpectedBytes(image["size_bytes"], image["sha256"])
        with whole_file(target, overwrite=overwrite) as file:
            await fetch_again(
                self._transport,
                lambda: self.content_link(image_id, preset=preset),
                file,
                expected,
                on_progress=on_progress,
            )
        return target

    async def content_link(self, image_id: str, *, preset: str | None = None) -> str:
        """Return the link into storage by which `bytes` and `download` get the bytes; it ends within an hour."""
        answer = await self._transport.request(
            "GET", path_of(PATH, image_id, "/content"), params={"rendition": preset}
        )
        return target_of(answer) or _missing(answer, "a link to the bytes")

    async def update(
        self,
        image_id: str,
        changes: ImagePatch | Callable[[Image], ImagePatch],
        *,
        if_match: str | None = None,
    ) -> Image:
        """Change attributes, and return the image; fields that are left out stay as they are.

        Changes that depend on the image are a function of it: it is called again with the newest image when somebody
        else was faster, so that no change is lost; after five times that is an error (412). It is also called again
        when its own change was made and the answer was lost. Then the image has that change already: to add a tag
        again does no harm, to count does. Nothing is sent if it returns no change. With `if_match`, an ETag, a change
        of somebody else is an error (412) at once, and a lost response is not requested again: the second answer
        would be such an error.
        """
        if not callable(changes):
            return await self._patch(image_id, changes, if_match, repeatable=if_match is None)
        for _ in range(MOST_UPDATES):
            version = await self.get_version(image_id)
            patch = changes(version.image)
            if not patch:
                return version.image
            try:
                return await self._patch(
                    image_id, patch, if_match or version.etag, repeatable=if_match is None
                )
            except ImageStoreError as failed:
                if failed.code != "precondition_failed" or if_match is not None:
                    raise
                last = failed
        raise last

    async def _patch(
        self, image_id: str, changes: ImagePatch, if_match: str | None, *, repeatable: bool
    ) -> Image:
        headers = {"If-Match": if_match} if if_match else None
        answer = await self._transport.json(
            "PATCH", path_of(PATH, image_id), json=dict(changes), headers=headers, repeatable=repeatable
        )
        return cast("Image", answer)

    async def delete(self, image_id: str, *, permanent: bool = False) -> None:
        """Move an image to the trash, from which `restore` gets it back; or delete it for good."""
        params = {"permanent": True} if permanent else None
        await self._transport.request("DELETE", path_of(PATH, image_id), params=params)

    async def delete_many(
        self,
        image_ids: Iterable[str] | None = None,
        *,
        group: str | None = None,
        permanent: bool = False,
        on_progress: Callable[[BatchDeleteResult], object] | None = None,
    ) -> BatchDeleteResult:
        """Delete images by their ids, or all of a group (`type:id`); a failure does not stop the others.

        One request deletes up to 100 images; `on_progress` gets the result of each.
        """
        if (image_ids is None) == (group is None):
            raise ValueError("Give either ids or a group.")
        result: BatchDeleteResult = {"successful": [], "failed": [], "next_cursor": None}
        async for some in self._deletions(image_ids, group=group, permanent=permanent):
            result["successful"] += some["successful"]
            result["failed"] += some["failed"]
            if on_progress is not None:
                on_progress(some)
        return result

    async def _deletions(
        self, image_ids: Iterable[str] | None, *, group: str | None, permanent: bool
    ) -> AsyncIterator[BatchDeleteResult]:
        if group is None:
            ids = builtins.list(image_ids or ())
            for start in range(0, len(ids), MOST_DELETED_AT_ONCE):
                some = ids[start : start + MOST_DELETED_AT_ONCE]
                yield await self._delete_some({"ids": some, "permanent": permanent})
            return
        more: dict[str, str] = {}
        cursors = Cursors()
        while True:
            result = await self._delete_some({"group": group, "permanent": permanent, **more})
            yield result
            cursor = cursors.new(result.get("next_cursor"))
            if cursor is None:
                return
            more = {"cursor": cursor}

    async def _delete_some(self, body: Mapping[str, Any]) -> BatchDeleteResult:
        # Repeated after a lost response, a permanent deletion would report what it has deleted as missing.
        repeatable = not body["permanent"]
        answer = await self._transport.json("POST", f"{PATH}/batch-delete", json=body, repeatable=repeatable)
        return cast("BatchDeleteResult", answer)

    async def restore(self, image_id: str) -> Image:
        """Get an image back from the trash."""
        return cast(
            "Image", await self._transport.json("POST", path_of(PATH, image_id, "/restore"), repeatable=True)
        )

    async def update_many(
        self,
        *,
        on_progress: Callable[[BatchChangeResult], object] | None = None,
        **request: Unpack[BatchUpdate],
    ) -> BatchChangeResult:
        """Make the same changes to any number of images, such as `ids=[…], add_tags=["reviewed"]`.

        A failure does not stop the others. One request changes up to 100 images; `on_progress` gets the result of each.
        """
        changes = {name: value for name, value in request.items() if name != "ids"}
        return await self._change_many("update", request["ids"], changes, on_progress)

    async def restore_many(
        self,
        image_ids: Iterable[str],
        *,
        on_progress: Callable[[BatchChangeResult], object] | None = None,
    ) -> BatchChangeResult:
        """Get any number of images back from the trash; otherwise as `update_many`."""
        return await self._change_many("restore", image_ids, {}, on_progress)

    async def _change_many(
        self,
        what: Literal["update", "restore"],
        image_ids: Iterable[str],
        changes: Mapping[str, Any],
        on_progress: Callable[[BatchChangeResult], object] | None,
    ) -> BatchChangeResult:
        waiting = builtins.list(dict.fromkeys(image_ids))
        result: BatchChangeResult = {"successful": [], "failed": []}
        while waiting:
            some, waiting = waiting[:MOST_CHANGED_AT_ONCE], waiting[MOST_CHANGED_AT_ONCE:]
            answer = await self._transport.json(
                "POST", f"{PATH}/batch-{what}", json={"ids": some, **changes}, repeatable=True
            )
            part = cast("BatchChangeResult", answer)
            late = [failed for failed in part["failed"] if failed["error"]["code"] == "deadline_exceeded"]
            if len(late) < len(some):  # the others were done, so the next request has time for these
                waiting = [failed["id"] for failed in late] + waiting
                part["failed"] = [failed for failed in part["failed"] if failed not in late]
            result["successful"] += part["successful"]
            result["failed"] += part["failed"]
            if on_progress is not None:
                on_progress(part)
        return result

    def list(self, *, page_size: int = 50, **filters: Unpack[ImageListFilters]) -> AsyncPages[Card]:
        """List images, newest first unless `order="asc"`; pages have up to `page_size` (100) items."""
        query = query_of(filters, limit=page_size)
        return AsyncPages(
            lambda cursor: self._transport.json("GET", PATH, params={**query, "cursor": cursor})
        )

    def search(self, q: str, *, page_size: int = 50, **filters: Unpack[SearchFilters]) -> AsyncPages[Card]:
        """Find images by words, or beginnings of words, in title, tags, filename, alt text or prompt."""
        query = query_of(filters, q=q, limit=page_size)
        return AsyncPages(
            lambda cursor: self._transport.json("GET", "/v1/search", params={**query, "cursor": cursor})
        )

    async def similar(self, image_id: str, *, limit: int | None = None) -> builtins.list[SimilarImage]:
        """Return the images that look most like this one, with their distance."""
        answer = await self._transport.json(
            "GET", path_of(PATH, image_id, "/similar"), params={"limit": limit}
        )
        return cast("builtins.list[SimilarImage]", answer["items"])

    async def link(self, image_id: str, **request: Unpack[SignedLinkRequest]) -> SignedLink:
        """Create a signed link to a rendition or a transform (`w`, `h`, `fit`, `format`, …); it needs no token."""
        return cast(
            "SignedLink",
            await self._transport.json(
                "POST", path_of(PATH, image_id, "/links"), json=request, repeatable=True
            ),
        )


def _missing(answer: httpx.Response, what: str) -> NoReturn:
    raise ImageStoreError(
        f"The store answered without {what}.", code="not_an_image_store", status=answer.status_code
    )
