"""What a store is used for in a month; the defaults are the example of docs/costs.md."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_IMAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A month of a store. Sizes are in MB of a million bytes."""

    images: int = 1_000_000
    """Stored images."""
    uploads: int = 0
    """New images in the month, without generated ones."""
    deletions: int = 0
    image_mb: float = 1.0
    renditions: int = 2
    """Renditions that are kept of each image."""
    renditions_mb: float = 0.26
    """All renditions of an image together."""
    public_percent: float = 100.0
    words: int = 32
    """Words by which an image is found, without its tags; at most 100 count."""
    tags: int = 3
    groups: int = 1
    views: int = 10_000_000
    view_mb: float = 0.25
    cached_percent: float = 0.0
    """Views that a CDN or browser answers without the byte store."""
    requests: int = 0
    """API requests for single images."""
    lists: int = 0
    """Pages of lists and of the feed, of 100 images."""
    searches: int = 0
    """Pages of search results."""
    generated: int = 0
    """Images that providers generate in the month."""
    generation_seconds: float = 10.0
    generation_usd: float = 0.0
    """The provider's price of an image."""
    event_bus: bool = True
    """Whether events are on a bus too."""
    waiting_readers: int = 0
    """Readers of events that wait for the next one all the time, with `wait=20`."""
    webhook_deliveries: int = 0
    """Events that webhooks get in the month, counted for each webhook."""
    store: str = "r2"
    backup: str | None = None
    backup_elsewhere: bool = False
    """Whether the backup is in another region or at another vendor than the store."""
    encrypts: bool = False
    alarms: bool = True
    dashboard: bool = True
    warm_instances: int = 0

    @property
    def public(self) -> float:
        """The public part of the images, 0 to 1."""
        return self.public_percent / 100

    @property
    def new_images(self) -> int:
        """Images that are stored in the month."""
        return self.uploads + self.generated

    @property
    def objects(self) -> float:
        """Objects of an image: original, renditions and public copies of them."""
        return 1 + self.renditions * (1 + self.public)

    @property
    def stored_mb(self) -> float:
        """The bytes of an image with its renditions and copies."""
        return self.image_mb + self.renditions_mb * (1 + self.public)

    @property
    def found_by(self) -> int:
        """The words of an image that have rows, tags included."""
        return min(self.words + self.tags, 100)
