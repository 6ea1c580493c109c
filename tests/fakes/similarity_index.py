"""Perceptual hashes in memory, read off the records, so that they can never disagree with them."""

from collections.abc import Sequence

from image_store.domain.finding.projection import facts_of
from image_store.domain.finding.similarity import SimilarityCandidate, bands
from image_store.ports.finding import SimilarityIndex
from tests.fakes.repository import MemoryRepository, card_of


class MemorySimilarityIndex(SimilarityIndex):
    """SimilarityIndex over a MemoryRepository."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._repository = repository

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[SimilarityCandidate]:
        candidates: dict[str, SimilarityCandidate] = {}
        for index, band in enumerate(bands(perceptual_hash)):
            newest = (alike for alike in self._newest(owner) if bands(alike.perceptual_hash)[index] == band)
            candidates |= {alike.card.id: alike for alike, _ in zip(newest, range(limit), strict=False)}
        return list(candidates.values())

    def _newest(self, owner: str) -> list[SimilarityCandidate]:
        result = []
        for _, record in sorted(self._repository.records.items(), reverse=True):
            facts = facts_of(record)
            if facts is not None and facts.owner == owner and facts.perceptual_hash is not None:
                result.append(SimilarityCandidate(card_of(record), facts.perceptual_hash))
        return result
