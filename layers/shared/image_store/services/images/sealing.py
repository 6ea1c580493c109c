"""Encrypts the sensitive attributes of images ("seals" them) and decrypts them for their owners.

Attributes are sealed before the image is reserved and opened only in answers to the owner. Rows, stream consumers,
search, feed, cards, alternative texts and marks in pictures see the sealed text alone. A sealed text is bound to its
image and owner, so it does not open in another record. Sealing or opening an image calls KMS once; an image with
nothing sealed needs no call.

A service that changes an image and returns it reads the sensitive part first, so that without KMS nothing changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord
from image_store.domain.images.sensitive import Sensitive, plain_generation, sensitive_in, with_sensitive
from image_store.ports.secrets import Cipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Seals and opens attributes; the cipher is created at its first use."""

    cipher: Callable[[], Cipher]
    seals: bool
    """Whether new images are sealed; images that were sealed earlier can always be opened."""

    def seal(self, attributes: Attributes, *, owner: str, image_id: str) -> tuple[Attributes, str | None]:
        """The plain part of attributes, and the sealed text of the rest; None if nothing is sensitive.

        Raises
        ------
        StorageUnavailable, ConfigurationError
        """
        sensitive = sensitive_in(attributes.generation, attributes.analysis) if self.seals else None
        if sensitive is None:
            return attributes, None
        sealed = self.cipher().seal(sensitive.to_text(), context=_context(owner, image_id))
        return self.plain_part(attributes), sealed

    def plain_part(self, attributes: Attributes) -> Attributes:
        """The attributes without those that `seal` would seal."""
        if not self.seals:
            return attributes
        return replace(attributes, generation=plain_generation(attributes.generation), analysis=None)

    def read_sensitive(self, image: Image) -> Sensitive | None:
        """Decrypt the sensitive part of an image; None if nothing is sealed.

        Raises
        ------
        StorageUnavailable
        ConfigurationError
            the text was sealed for another image or owner, or with another key
        """
        sealed, record = image.details.sealed, image.record
        if sealed is None:
            return None
        return Sensitive.from_text(self.cipher().open(sealed, context=context_of(record)))

    def open(self, image: Image) -> Image:
        """The image as its owner sees it; raises what `read_sensitive` raises."""
        return with_sensitive(image, self.read_sensitive(image))


def context_of(record: ImageRecord) -> dict[str, str]:
    """The encryption context that binds a sealed text to its image and owner."""
    return _context(record.owner, record.id)


def _context(owner: str, image_id: str) -> dict[str, str]:
    return {"purpose": "image", "owner": owner, "image": image_id}
