"""How alike two pictures are, told from their perceptual hashes of 64 bits."""

from dataclasses import dataclass

from image_store.domain.finding.cards import Card

HASH_DIGITS = 16
"""Hexadecimal digits of a perceptual hash."""

BANDS = 4
BAND_DISTANCE = 3
"""Up to this many different bits two hashes surely share a band: three bits spoil at most three of four."""

MAX_DISTANCE = 8
"""Pictures are similar up to so many different bits: a coarse copy is up to 6 away, other pictures 12 and more."""


@dataclass(frozen=True, slots=True)
class SimilarityCandidate:
    """An image that may be similar, with its perceptual hash."""

    card: Card
    perceptual_hash: str


@dataclass(frozen=True, slots=True)
class SimilarImage:
    """An image that is similar to another."""

    card: Card
    distance: int
    """How many of 64 bits their perceptual hashes differ in; 0 for what looks the same."""


def hamming(a: str, b: str) -> int:
    """How many of their 64 bits two perceptual hashes differ in."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def bands(perceptual_hash: str) -> tuple[str, ...]:
    """The four quarters of a hash, of 16 bits each, in their order, to find its neighbours by in an index."""
    digits = HASH_DIGITS // BANDS
    return tuple(perceptual_hash[at : at + digits] for at in range(0, HASH_DIGITS, digits))
