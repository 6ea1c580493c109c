"""Pages of the list of owners."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """Some owners in order, and the one after which the next page begins; None after the last page."""

    owners: tuple[str, ...]
    after: str | None
