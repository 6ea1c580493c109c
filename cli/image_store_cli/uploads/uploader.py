"""Uploads one picture of a command, once, even if the command is repeated.

Its idempotency key is made from its bytes and attributes, and the store returns the same image for a day. After that
`on_duplicate` decides.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import groups_body
from image_store_cli.errors import Broken, RequestRefused
from image_store_client.uploads.sources import UploadSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from image_store_cli.uploads.picture_files import PictureFile
    from image_store_client import ImageStore
    from image_store_client.progress import UploadProgress
    from image_store_client.schemas import Image

CHUNK = 256 * 1024
KEY_VERSION = "image-store-cli/1"
MOST_KEYS = 8
COMPARED = ("kind", "visibility", "title", "alt_text", "category")
MULTIPLE = {"tag": "tags", "group": "groups"}


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The size and checksum of a file."""

    size: int
    sha256: str


def read_digest(path: Path) -> FileDigest:
    """Read a whole file for its size and checksum."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileDigest(size, digest.hexdigest())


def idempotency_key(
    picture: PictureFile, digest: FileDigest, attributes: Mapping[str, Any], *, number: int
) -> str:
    """Derive the key of one upload from its bytes and attributes; `number` makes another key after a deletion."""
    parts = [
        KEY_VERSION,
        picture.name,
        picture.filename,
        picture.content_type,
        digest.sha256,
        dict(attributes),
        number,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Uploader:
    """Uploads pictures that share their attributes; safe to use from several threads.

    With `or_trashed` an image in the trash counts as stored.
    """

    def __init__(self, api: ImageStore, attributes: Mapping[str, Any], *, or_trashed: bool = False) -> None:
        self._api = api
        self._attributes = dict(attributes)
        self._or_trashed = or_trashed

    def upload(
        self, picture: PictureFile, digest: FileDigest, *, advance: Callable[[int], None]
    ) -> Mapping[str, Any]:
        """Store a picture and return the image.

        An idempotency key keeps its image even after a deletion; then the next key is used.
        """
        source = UploadSource(
            digest.size,
            picture.content_type,
            lambda: picture.path.open("rb"),
            filename=picture.filename,
            sha256=digest.sha256,
        )
        for number in range(MOST_KEYS):
            key = idempotency_key(picture, digest, self._attributes, number=number)
            try:
                image = self._api.upload(
                    source,
                    idempotency_key=key,
                    on_progress=_Differences(advance),
                    **attributes_body(self._attributes),
                )
            except RequestRefused as refused:
                if refused.problem.code not in {"image_not_found", "upload_not_found"}:
                    raise
            else:
                if self._or_trashed or image["status"] != "trashed":
                    return image
        raise Broken(
            "This picture was stored and deleted too often today: try again tomorrow, or rename the file."
        )

    def stored_image(self, image_id: str) -> Image | None:
        """An image that was stored before; None if it was deleted since."""
        try:
            image = self._api.images.get(image_id)
        except RequestRefused as refused:
            if refused.problem.status == 404:
                return None
            raise
        return image if self._or_trashed or image["status"] == "ready" else None

    def has_given_attributes(self, image: Mapping[str, Any] | None) -> bool:
        """Whether an image has the attributes of these uploads; an existing image may have others."""
        if image is None:
            return True
        own = attributes_body(self._attributes)
        groups = image.get("groups", {})
        return (
            set(own.get("tags", ())) <= set(image.get("tags", ()))
            and all(
                set(members) <= set(groups.get(kind, ())) for kind, members in own.get("groups", {}).items()
            )
            and all(image.get(name) == own[name] for name in COMPARED if name in own)
        )


class _Differences:
    """Reports the bytes that were sent since the last report, and subtracts them if they must be sent again."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._loaded = 0

    def __call__(self, progress: UploadProgress) -> None:
        self._advance(progress.loaded - self._loaded)
        self._loaded = progress.loaded


def attributes_body(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as the members of a JSON body."""
    body: dict[str, Any] = {}
    for name, value in attributes.items():
        body[MULTIPLE.get(name, name)] = groups_body(value) if name == "group" else value
    return body
