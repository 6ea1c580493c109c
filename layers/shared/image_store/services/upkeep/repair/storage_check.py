"""Finds the missing objects of images."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from image_store.domain.delivery.renditions import Rendition
from image_store.domain.images.image import ImageRecord, State, public_key
from image_store.domain.upkeep.repair import MissingObjects
from image_store.ports.objects import ObjectStore

_PARALLEL_HEADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCheck:
    """Checks every object of records in both buckets."""

    private: ObjectStore
    public: ObjectStore | None
    """None without a public bucket; then no copy can be missing."""

    def missing(
        self, images: Sequence[ImageRecord], *, stored_originals: Collection[str] = ()
    ) -> list[MissingObjects]:
        """The missing objects of each image, in order; sends one HEAD request for each object.

        `stored_originals` are keys of originals that the caller has just stored or read: no request is sent for them.
        Raises StorageUnavailable when a bucket does not answer, so that no object counts as missing by mistake.
        """
        places: list[tuple[ObjectStore | None, str]] = [
            (self.private, key)
            for record in images
            for key in record.private_keys
            if key not in stored_originals
        ]
        places += [(self.public, key) for record in images for key in self._copies(record)]
        with ThreadPoolExecutor(_PARALLEL_HEADS) as pool:
            are_there = list(pool.map(_is_there, places))
        missing = {
            (bucket is self.private, key)
            for (bucket, key), is_there in zip(places, are_there, strict=True)
            if not is_there
        }
        return [
            MissingObjects(
                original=(True, record.original_key) in missing,
                renditions=tuple(
                    rendition
                    for rendition in record.renditions
                    if (True, record.rendition_key(rendition)) in missing
                ),
                copies=tuple(copy for key, copy in self._copies(record).items() if (False, key) in missing),
            )
            for record in images
        ]

    def _copies(self, record: ImageRecord) -> dict[str, Rendition]:
        """The renditions of a published image by the keys of their public copies."""
        if self.public is None or record.publication is None or record.state is not State.READY:
            return {}
        return {public_key(record.publication, rendition): rendition for rendition in record.renditions}


def _is_there(place: tuple[ObjectStore | None, str]) -> bool:
    bucket, key = place
    return bucket is not None and bucket.head(key) is not None
