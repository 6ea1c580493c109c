"""Keeping what is sensitive sealed: it is sealed before anything is reserved, and opened for its owner's answers alone.

Everything in between (rows, the stream and its consumers, search, feed, cards, alternative texts, marks in pictures)
has the sealed text and nothing else. A sealed text opens for the image and the owner it was sealed for, and never in
another record. Sealing an image asks KMS once, opening it asks once, and an image with nothing sealed asks never.

Whoever changes an image and answers with it reads the sensitive part first: without KMS nothing is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord
from image_store.domain.images.sensitive import Sensitive, left_open, sensitive_in, shown
from image_store.ports.secrets import Cipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Seals and opens what is said about images; the cipher is made at its first use."""

    cipher: Callable[[], Cipher]
    seals: bool
    """Whether what is new is sealed; what was sealed before is opened all the same."""

    def seal(self, attributes: Attributes, *, owner: str, image_id: str) -> tuple[Attributes, str | None]:
        """What may be kept of attributes in plain, and what was sealed of them for an image.

        Raises
        ------
        StorageUnavailable, ConfigurationError
        """
        sensitive = sensitive_in(attributes.generation, attributes.analysis) if self.seals else None
        if sensitive is None:
            return attributes, None
        sealed = self.cipher().seal(sensitive.to_text(), context=_context(owner, image_id))
        return self.without_sensitive(attributes), sealed

    def without_sensitive(self, attributes: Attributes) -> Attributes:
        """What will be kept of attributes in plain; nothing is sealed yet."""
        if not self.seals:
            return attributes
        return replace(attributes, generation=left_open(attributes.generation), analysis=None)

    def read(self, image: Image) -> Sensitive | None:
        """What is sealed of a record; None where nothing is.

        Raises
        ------
        StorageUnavailable
        ConfigurationError
            it was sealed for another image or owner, or with another key
        """
        sealed, record = image.details.sealed, image.record
        if sealed is None:
            return None
        return Sensitive.from_text(self.cipher().open(sealed, context=context_of(record)))

    def opened(self, image: Image) -> Image:
        """A record as its owner sees it; raises what `read` raises."""
        return shown(image, self.read(image))


def context_of(record: ImageRecord) -> dict[str, str]:
    """What the sealed text of an image is bound to."""
    return _context(record.owner, record.id)


def _context(owner: str, image_id: str) -> dict[str, str]:
    return {"purpose": "image", "owner": owner, "image": image_id}
