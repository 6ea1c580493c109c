"""Images: read, find, change, download and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.paging import Pages

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import Unpack

    from image_store_client.aio.images import AsyncImages, ImageVersion
    from image_store_client.http.runtime import Run
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


class Images:
    """The images of the owner."""

    def __init__(self, core: AsyncImages, run: Run) -> None:
        self._core = core
        self._run = run

    def get(self, image_id: str) -> Image:
        """Return an image; NotFoundError if there is none, or another owner has it."""
        return self._run(self._core.get(image_id))

    def get_version(self, image_id: str) -> ImageVersion:
        """Return an image with the ETag of this version; NotFoundError as of `get`."""
        return self._run(self._core.get_version(image_id))

    def get_newer_version(self, image_id: str, etag: str) -> ImageVersion | None:
        """Return an image that has another version than this ETag, or None; NotFoundError as of `get`."""
        return self._run(self._core.get_newer_version(image_id, etag))

    def exists(self, image_id: str) -> bool:
        """Tell whether there is such an image. An error other than 404 is raised: then nobody knows."""
        return self._run(self._core.exists(image_id))

    def bytes(
        self, image_id: str, *, preset: str | None = None, transform: SignedLinkRequest | None = None
    ) -> builtins.bytes:
        """Download the original, a rendition such as `thumb`, or a transform such as `{"w": 400}`, into memory."""
        return self._run(self._core.bytes(image_id, preset=preset, transform=transform))

    def download(
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
        return self._run(
            self._core.download(image_id, path, preset=preset, overwrite=overwrite, on_progress=on_progress)
        )

    def content_link(self, image_id: str, *, preset: str | None = None) -> str:
        """Return the link into storage by which `bytes` and `download` get the bytes; it ends within an hour."""
        return self._run(self._core.content_link(image_id, preset=preset))

    def update(
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
        return self._run(self._core.update(image_id, changes, if_match=if_match))

    def delete(self, image_id: str, *, permanent: bool = False) -> None:
        """Move an image to the trash, from which `restore` gets it back; or delete it for good."""
        self._run(self._core.delete(image_id, permanent=permanent))

    def delete_many(
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
        return self._run(
            self._core.delete_many(image_ids, group=group, permanent=permanent, on_progress=on_progress)
        )

    def restore(self, image_id: str) -> Image:
        """Get an image back from the trash."""
        return self._run(self._core.restore(image_id))

    def update_many(
        self,
        *,
        on_progress: Callable[[BatchChangeResult], object] | None = None,
        **request: Unpack[BatchUpdate],
    ) -> BatchChangeResult:
        """Make the same changes to any number of images, such as `ids=[…], add_tags=["reviewed"]`.

        A failure does not stop the others. One request changes up to 100 images; `on_progress` gets the result of each.
        """
        return self._run(self._core.update_many(on_progress=on_progress, **request))

    def restore_many(
        self, image_ids: Iterable[str], *, on_progress: Callable[[BatchChangeResult], object] | None = None
    ) -> BatchChangeResult:
        """Get any number of images back from the trash; otherwise as `update_many`."""
        return self._run(self._core.restore_many(image_ids, on_progress=on_progress))

    def list(self, *, page_size: int = 50, **filters: Unpack[ImageListFilters]) -> Pages[Card]:
        """List images, newest first unless `order="asc"`; pages have up to `page_size` (100) items."""
        return Pages(self._core.list(page_size=page_size, **filters), self._run)

    def search(self, q: str, *, page_size: int = 50, **filters: Unpack[SearchFilters]) -> Pages[Card]:
        """Find images by words, or beginnings of words, in title, tags, filename, alt text or prompt."""
        return Pages(self._core.search(q, page_size=page_size, **filters), self._run)

    def similar(self, image_id: str, *, limit: int | None = None) -> builtins.list[SimilarImage]:
        """Return the images that look most like this one, with their distance."""
        return self._run(self._core.similar(image_id, limit=limit))

    def link(self, image_id: str, **request: Unpack[SignedLinkRequest]) -> SignedLink:
        """Create a signed link to a rendition or a transform (`w`, `h`, `fit`, `format`, …); it needs no token."""
        return self._run(self._core.link(image_id, **request))
