"""What the private bucket alone says about an image: the key and the metadata of its original."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from image_store.domain.errors import BrokenOriginal
from image_store.domain.ids import is_image_id
from image_store.domain.images.image import ORIGINAL, STAGING_PREFIX, TRANSFORMS_PREFIX, Kind
from image_store.domain.images.media import MediaType

_ATTEMPT = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class OriginalKey:
    """The parts of the key of an original."""

    folder: str
    image_id: str
    attempt: str
    media_type: MediaType

    @classmethod
    def parse(cls, key: str) -> "OriginalKey | None":
        """The parts of a key; None if it is not the key of an original."""
        if key.startswith((STAGING_PREFIX, TRANSFORMS_PREFIX)):
            return None
        *folders, image_id, attempt, file = ("", "", *key.split("/"))
        name, _, extension = file.partition(".")
        if not is_image_id(image_id) or not _ATTEMPT.fullmatch(attempt) or name != ORIGINAL:
            return None
        try:
            media_type = MediaType.of_extension(extension)
        except KeyError:
            return None
        return cls("".join(f"{folder}/" for folder in folders[2:]), image_id, attempt, media_type)


@dataclass(frozen=True, slots=True)
class OriginalFacts:
    """The metadata of an original."""

    image_id: str
    kind: Kind
    sha256: str
    owner: str

    @classmethod
    def parse(cls, metadata: Mapping[str, str]) -> "OriginalFacts":
        """The facts in an object's metadata; BrokenOriginal if they are missing or malformed."""
        try:
            facts = cls(
                image_id=metadata["id"],
                kind=Kind(metadata["kind"]),
                sha256=metadata["sha256"],
                owner=unquote(metadata["owner"], errors="strict"),
            )
        except (KeyError, ValueError):  # a UnicodeDecodeError is a ValueError
            raise BrokenOriginal(
                "The original has no metadata of this store: it was copied without it."
            ) from None
        if not is_image_id(facts.image_id) or not _SHA256.fullmatch(facts.sha256) or not facts.owner:
            raise BrokenOriginal("The metadata of the original is malformed.")
        return facts
