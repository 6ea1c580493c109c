"""Finding images that look like another one: copies of another size, format or quality, and lightly edited ones.

An image has a row for each of the four bands of its perceptual hash, and those that share a band with it are read and
compared. Hashes that differ in at most three bits share a band for sure; of those that differ in more, only those are
found that happen to. A band that very many images share is read from its newest on and not to its end.
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
    """Finds what looks like an image among the other READY images of its owner."""

    repository: ImageRepository
    rows: SimilarityIndex

    def similar(self, owner: str, image_id: str, *, limit: int) -> Sequence[SimilarImage]:
        """The most similar images, the newest first among equals.

        ImageNotFound unless the image is READY and this owner's. Others are seen as they were a moment ago.
        """
        # As of many: whoever asks may read rows together, and nothing else.
        image = self.repository.get_images([image_id]).get(image_id) if is_image_id(image_id) else None
        if image is None or image.owner != owner or image.state is not State.READY:
            raise not_found()
        if image.perceptual_hash is None:
            return []
        found = [
            SimilarImage(alike.card, hamming(image.perceptual_hash, alike.perceptual_hash))
            for alike in self.rows.near(owner, image.perceptual_hash, limit=MAX_ROWS_OF_A_BAND)
            if alike.card.id != image_id
        ]
        newest = sorted(found, key=lambda similar: similar.card.id, reverse=True)
        nearest = sorted(newest, key=lambda similar: similar.distance)
        return [similar for similar in nearest[:limit] if similar.distance <= MAX_DISTANCE]
