"""Which objects of images are gone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from image_store.domain.delivery.renditions import Rendition
from image_store.domain.images.image import ImageRecord, State, public_key
from image_store.domain.upkeep.repair import MissingObjects
from image_store.ports.objects import ObjectStore

_PARALLEL_HEADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCheck:
    """Asks both buckets for every object that records name."""

    private: ObjectStore
    public: ObjectStore | None
    """None when there is no public bucket, and then no copy can be missing."""

    def missing(self, images: Sequence[ImageRecord]) -> list[MissingObjects]:
        """What storage lacks of each image, in their order: one HEAD request for each object.

        Raises StorageUnavailable when a bucket does not answer: an unknown object never counts as missing.
        """
        wanted: list[tuple[ObjectStore | None, str]] = [
            (self.private, key) for record in images for key in record.private_keys
        ]
        wanted += [(self.public, key) for record in images for key in self._copies(record)]
        with ThreadPoolExecutor(_PARALLEL_HEADS) as pool:
            found = list(pool.map(_is_there, wanted))
        gone = {
            (bucket is self.private, key)
            for (bucket, key), is_there in zip(wanted, found, strict=True)
            if not is_there
        }
        return [
            MissingObjects(
                original=(True, record.original_key) in gone,
                renditions=tuple(
                    made for made in record.renditions if (True, record.rendition_key(made)) in gone
                ),
                copies=tuple(made for key, made in self._copies(record).items() if (False, key) in gone),
            )
            for record in images
        ]

    def _copies(self, record: ImageRecord) -> dict[str, Rendition]:
        """The renditions of a published image by the keys of their public copies."""
        if self.public is None or record.publication is None or record.state is not State.READY:
            return {}
        return {public_key(record.publication, made): made for made in record.renditions}


def _is_there(place: tuple[ObjectStore | None, str]) -> bool:
    bucket, key = place
    return bucket is not None and bucket.head(key) is not None
