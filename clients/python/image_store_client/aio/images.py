"""Images: read, find, change, download and delete them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from image_store_client.aio.paths import path_of, query_of
from image_store_client.downloads import ExpectedBytes, fetch_again, fetch_bytes, whole_file
from image_store_client.errors import ImageStoreError, NotFoundError
from image_store_client.paging import AsyncPages

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    from image_store_client.http.transport import Transport
    from image_store_client.schemas import (
        BatchDeleteResult,
        Card,
        Image,
        ImageListFilters,
        ImagePatch,
        SearchFilters,
        SignedLink,
        SignedLinkRequest,
        SimilarImage,
    )
    from image_store_client.uploads.upload import OnTransfer

PATH = "/v1/images"
MOST_DELETED_AT_ONCE = 100
MOST_RACES = 10
"""How often a change that depends on the image begins again."""


class AsyncImages:
    """The images of the owner."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, image_id: str) -> Image:
        """Return an image; NotFoundError if there is none, or another owner has it."""
        return cast("Image", await self._transport.json("GET", path_of(PATH, image_id)))

    async def exists(self, image_id: str) -> bool:
        """Tell whether there is such an image. An error other than 404 is raised: then nobody knows."""
        try:
            await self.get(image_id)  # the response of a HEAD could not say that it is from an image store
        except NotFoundError:
            return False
        return True

    async def bytes(self, image_id: str, *, preset: str | None = None) -> builtins.bytes:
        """Download the original, or a rendition such as `thumb`, into memory."""
        return await fetch_bytes(self._transport, lambda: self.content_link(image_id, preset=preset))

    async def download(
        self,
        image_id: str,
        path: str | os.PathLike[str],
        *,
        preset: str | None = None,
        overwrite: bool = False,
        on_progress: OnTransfer | None = None,
    ) -> Path:
        """Download the original, or a rendition such as `thumb`, into a file, and return its path.

        The file appears when all bytes have arrived; the size and checksum of an original are checked
        (`broken_download`). FileExistsError if the file exists, unless `overwrite`.
        """
        target = Path(path)
        expected = ExpectedBytes()
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
        link: str | None = answer.headers.get("location")
        if link is None:
            raise ImageStoreError(
                "The store answered without a link to the bytes.",
                code="not_an_image_store",
                status=answer.status_code,
            )
        return link

    async def update(
        self,
        image_id: str,
        changes: ImagePatch | Callable[[Image], ImagePatch],
        *,
        if_match: str | None = None,
    ) -> Image:
        """Change attributes, and return the image; fields that are left out stay as they are.

        Changes that depend on the image are a function of it: it is called again with the newest image when somebody
        else was faster, so that no change is lost. With `if_match`, an ETag, such a change is an error (412) instead.
        """
        if not callable(changes):
            return await self._patch(image_id, changes, if_match)
        for _ in range(MOST_RACES):
            answer = await self._transport.request("GET", path_of(PATH, image_id))
            try:
                return await self._patch(image_id, changes(answer.json()), answer.headers["ETag"])
            except ImageStoreError as failed:
                if failed.code != "precondition_failed":
                    raise
                last = failed
        raise last

    async def _patch(self, image_id: str, changes: ImagePatch, if_match: str | None) -> Image:
        headers = {"If-Match": if_match} if if_match else None
        answer = await self._transport.json(
            "PATCH", path_of(PATH, image_id), json=dict(changes), headers=headers
        )
        return cast("Image", answer)

    async def delete(self, image_id: str, *, permanent: bool = False) -> None:
        """Move an image to the trash, from which `restore` gets it back; or delete it for good."""
        params = {"permanent": True} if permanent else None
        await self._transport.request("DELETE", path_of(PATH, image_id), params=params)

    async def delete_many(
        self, image_ids: Iterable[str] | None = None, *, group: str | None = None, permanent: bool = False
    ) -> BatchDeleteResult:
        """Delete images by their ids, or all of a group (`type:id`); a failure does not stop the others."""
        if (image_ids is None) == (group is None):
            raise ValueError("Give either ids or a group.")
        result: BatchDeleteResult = {"successful": [], "failed": [], "next_cursor": None}
        if group is None:
            ids = builtins.list(image_ids or ())
            for start in range(0, len(ids), MOST_DELETED_AT_ONCE):
                some = ids[start : start + MOST_DELETED_AT_ONCE]
                await self._delete_some(result, {"ids": some, "permanent": permanent})
            return result
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            cursor = await self._delete_some(result, {"group": group, "permanent": permanent, **more})
            if cursor is None:
                return result

    async def _delete_some(self, result: BatchDeleteResult, body: Mapping[str, Any]) -> str | None:
        # Repeated after a lost response, a permanent deletion would report what it has deleted as missing.
        repeatable = not body["permanent"]
        answer = await self._transport.json("POST", f"{PATH}/batch-delete", json=body, repeatable=repeatable)
        result["successful"] += answer["successful"]
        result["failed"] += answer["failed"]
        return cast("str | None", answer.get("next_cursor"))

    async def restore(self, image_id: str) -> Image:
        """Get an image back from the trash."""
        return cast(
            "Image", await self._transport.json("POST", path_of(PATH, image_id, "/restore"), repeatable=True)
        )

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
