"""What the public feed shows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """What the public feed shows."""

    shows_details: bool
    """Whether it shows filenames and derived alternative texts, and on request what owners wrote about images."""
    shows_owners: bool
    """Whether it shows on request who owns an image."""
    cache_lifetime: timedelta
    """How long caches may keep a page."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of the feed."""
        return cls(
            shows_details=variables.flag("FEED_DETAILS"),
            shows_owners=variables.flag("FEED_OWNERS"),
            cache_lifetime=timedelta(seconds=variables.number("FEED_CACHE_SECONDS", 10)),
        )
