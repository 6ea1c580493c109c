"""Finds images that look like another one: copies of another size, format or quality, and light edits.

An image has a row for each of the four bands of its perceptual hash. The images that share a band with it are read and
compared. Hashes that differ in at most three bits always share a band; those that differ in more may not, and then they
are missed. Of a band that very many images share, only the newest are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from image_store.domain.finding.similarity import MAX_DISTANCE, SimilarImage, hamming
from image_store.domain.ids import is_image_id
from image_store.domain.images.image import State
from image_store.ports.finding import SimilarityIndex
from image_store.ports.images import ImageRepository
from image_store.services.images.retrieval import not_found

MAX_ROWS_OF_A_BAND = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Finds images that look like another one, among the READY images of its owner."""

    repository: ImageRepository
    rows: SimilarityIndex

    def similar(self, owner: str, image_id: str, *, limit: int) -> Sequence[SimilarImage]:
        """The most similar images, the newest first among equals.

        Eventually consistent. ImageNotFound unless the image is READY and belongs to this owner.
        """
        # Read as a batch: the role of this function permits BatchGetItem and no GetItem.
        image = self.repository.get_records([image_id]).get(image_id) if is_image_id(image_id) else None
        if image is None or image.owner != owner or image.state is not State.READY:
            raise not_found()
        if image.perceptual_hash is None:
            return []
        candidates = [
            SimilarImage(candidate.card, hamming(image.perceptual_hash, candidate.perceptual_hash))
            for candidate in self.rows.near(owner, image.perceptual_hash, limit=MAX_ROWS_OF_A_BAND)
            if candidate.card.id != image_id
        ]
        newest = sorted(candidates, key=lambda similar: similar.card.id, reverse=True)
        nearest = sorted(newest, key=lambda similar: similar.distance)
        return [similar for similar in nearest[:limit] if similar.distance <= MAX_DISTANCE]
