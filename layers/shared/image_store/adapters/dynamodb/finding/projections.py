"""Derives rows from an image's facts: the rows that lists and searches read, and the figures."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from image_store.adapters.dynamodb import group_keys, items, keys
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.finding.filters import attribute_items
from image_store.domain.finding.filters import row_attributes
from image_store.domain.finding.projection import IMAGES, SIZE, TRASH_PREFIX, ImageFacts, day_of
from image_store.domain.finding.similarity import bands
from image_store.domain.images.image import Image

RowKey = tuple[str, str]
"""pk and sk."""

_PACKED_FROM_BYTES = 200
"""Compression saves almost nothing below this size."""

Counters = dict[RowKey, Counter[str]]
"""Amounts to add, by the key of a row of figures."""


def row_keys(image_id: str, facts: ImageFacts | None) -> set[RowKey]:
    """The keys of all rows that lists and searches read."""
    if facts is None:
        return set()
    return {
        *_list_keys(image_id, facts),
        *_band_keys(image_id, facts),
        *_term_keys(image_id, facts),
    }


def card_rows(image: Image, facts: ImageFacts) -> dict[RowKey, items.Item]:
    """The rows that hold a card: list rows, with the attributes that filters compare, and rows of hash bands."""
    record = image.record
    attributes = {"id": {"S": record.id}, **cards.list_attributes(record, image.details, in_list_row=True)}
    rows = {key: {**keys.key(*key), **attributes} for key in _list_keys(record.id, facts)}
    band = {name: attributes[name] for name in ("id", "card", "kind", "visibility")}
    return rows | {
        key: {**keys.key(*key), **band, "hash": {"S": facts.perceptual_hash}}
        for key in _band_keys(record.id, facts)
    }


def digest_of(rows: dict[RowKey, items.Item]) -> str:
    """A short text that differs when rows differ, and so have to be written again.

    The order of attributes counts: another order would write the rows of every image again.
    """
    return hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest()[:16]


def term_rows(image: Image, facts: ImageFacts) -> dict[RowKey, items.Item]:
    """The rows of searches: each holds all terms of its image, so one Query can test all words of a search.

    Many terms are compressed, because every page reads a window of rows.
    """
    image_id = image.record.id
    compared = row_attributes(image.record, image.details, in_list_row=False) | {
        "visibility": facts.visibility
    }
    attributes = {**attribute_items(compared), "id": {"S": image_id}}
    text = " ".join(f"{rank}{term}" for term, rank in facts.terms.items()).encode()
    packed = zlib.compress(text, 9) if len(text) > _PACKED_FROM_BYTES else text
    terms = {"packed": {"B": packed}} if len(packed) < len(text) else {"terms": {"S": text.decode()}}
    return {key: {**keys.key(*key), **attributes, **terms} for key in _term_keys(image_id, facts)}


def counters_of(image_id: str, facts: ImageFacts | None, epoch: int, *, part: str) -> Counters:
    """The amounts that an image adds to each row of figures; the image `part` chooses the part of the system's."""
    if facts is None:
        return {}
    one = {IMAGES: 1, SIZE: facts.size_bytes}
    counters: Counters = {}
    for pk in (keys.owner_stats(epoch, facts.owner), keys.system_stats(epoch, part)):
        counters[pk, keys.TOTAL] = Counter(facts.figures)
        counters[pk, keys.day_stats(day_of(image_id))] = Counter(
            one | ({f"{TRASH_PREFIX}{IMAGES}": 1} if facts.trashed else {})
        )
        if facts.model is not None:
            counters[pk, keys.model_stats(facts.model)] = Counter(one)
    pk = keys.owner_stats(epoch, facts.owner)
    for sk in (
        *map(group_keys.tag_stats, facts.shown_tags),
        *map(group_keys.group_stats, facts.shown_groups),
    ):
        counters[pk, sk] = Counter({IMAGES: 1})
    return counters


def difference(before: Counters, after: Counters) -> Counters:
    """The amounts to add to get from one to the other."""
    changes: Counters = {}
    for key in before.keys() | after.keys():
        delta = Counter(after.get(key, {}))
        delta.subtract(before.get(key, {}))
        amounts = Counter({name: amount for name, amount in delta.items() if amount})
        if amounts:
            changes[key] = amounts
    return changes


def _list_keys(image_id: str, facts: ImageFacts) -> Iterator[RowKey]:
    partitions = keys.lists_of(
        facts.owner, tags=facts.tags, category=facts.category, model=facts.model, trashed=facts.trashed
    )
    return ((partition, image_id) for _, partition in partitions)


def _band_keys(image_id: str, facts: ImageFacts) -> Iterator[RowKey]:
    if facts.perceptual_hash is not None:
        for index, band in enumerate(bands(facts.perceptual_hash)):
            yield keys.hash_band(facts.owner, index, band), image_id


def _term_keys(image_id: str, facts: ImageFacts) -> Iterator[RowKey]:
    for term, rank in facts.terms.items():
        partition = keys.terms(facts.owner, term, trashed=facts.trashed)
        yield partition, keys.term_place(term, rank, image_id)


def terms_in(item: dict[str, Any]) -> dict[str, int]:
    """The terms in a row of a term, with their ranks."""
    text = item["terms"]["S"] if "terms" in item else zlib.decompress(item["packed"]["B"]).decode()
    return {entry[1:]: int(entry[0]) for entry in text.split(" ")}
