"""What is kept of a publication for as long as there may be copies of it."""

from dataclasses import dataclass
from datetime import datetime


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
