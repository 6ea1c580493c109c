"""The similarity of two images, measured by their perceptual hashes of 64 bits."""

from dataclasses import dataclass

from image_store.domain.finding.cards import Card

HASH_DIGITS = 16
"""Hexadecimal digits of a perceptual hash."""

BANDS = 4
BAND_DISTANCE = 3
"""Hashes that differ in at most this many bits always share a band: three bits change at most three bands of four."""

MAX_DISTANCE = 8
"""The most different bits of similar images: a coarse copy differs in up to 6, another picture in 12 or more."""


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
    """The number of different bits in the perceptual hashes, of 64; 0 means no visible difference."""


def hamming(a: str, b: str) -> int:
    """The number of different bits in two perceptual hashes of 64 bits."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def bands(perceptual_hash: str) -> tuple[str, ...]:
    """The four quarters of a hash, of 16 bits each, in order; an index finds hashes that share one."""
    digits = HASH_DIGITS // BANDS
    return tuple(perceptual_hash[at : at + digits] for at in range(0, HASH_DIGITS, digits))
