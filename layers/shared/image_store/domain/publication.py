"""What is kept of a publication for as long as copies of it may have to be removed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """A publication whose copies go at `due_at`, unless it has become the current one by then."""

    publication: str
    image_id: str
    keys: tuple[str, ...]
    """The public objects."""
    due_at: datetime
