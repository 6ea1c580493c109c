"""The feed: what everybody may see, the newest first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """How much of the feed is wanted."""

    limit: int

    @property
    def binding(self) -> tuple[str | None, ...]:
        """What a cursor of the feed is bound to: everybody sees the same."""
        return ("feed",)
