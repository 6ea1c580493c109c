"""What is kept of a publication for as long as there may be copies of it."""

import re
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.images.image import PUBLIC_PREFIX

NO_IMAGE = ""
"""The `image_id` of copies that were found without a row."""
_NAME = re.compile(r"[0-9A-Za-z_-]{22}")


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """Which image a publication belongs to, and which public objects are its copies."""

    publication: str
    image_id: str
    keys: frozenset[str]
    """Every public object that was made, or was about to be made."""
    due_at: datetime | None
    """When the copies have to go; None while the publication is the current one of its image."""
    copied_until: datetime | None = None
    """Until when a copy that was announced may still be made."""


def publication_of(key: str) -> str | None:
    """The publication that a public key names; None when this store does not make such keys."""
    match key.removeprefix(PUBLIC_PREFIX).split("/"):
        case [name, file] if key.startswith(PUBLIC_PREFIX) and _NAME.fullmatch(name) and file:
            return name
    return None
