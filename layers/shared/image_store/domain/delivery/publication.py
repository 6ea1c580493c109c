"""The row of a publication, which exists for as long as there may be copies of it."""

import re
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.images.image import PUBLIC_PREFIX

NO_IMAGE = ""
"""The `image_id` of copies that had no row."""
_NAME = re.compile(r"[0-9A-Za-z_-]{22}")


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """The image of a publication, and the public objects that are its copies."""

    publication: str
    image_id: str
    keys: frozenset[str]
    """Every public object that was written, or that a writer announced."""
    due_at: datetime | None
    """When cleanup removes the copies; None while the publication is the current one of its image."""
    copied_until: datetime | None = None
    """The time until which an announced copy may still be written."""


def publication_of(key: str) -> str | None:
    """The publication in a public key; None for a key that this store does not write."""
    match key.removeprefix(PUBLIC_PREFIX).split("/"):
        case [name, file] if key.startswith(PUBLIC_PREFIX) and _NAME.fullmatch(name) and file:
            return name
    return None
