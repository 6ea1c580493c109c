"""What a table should hold of projections, worked out from its records alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from image_store.adapters.dynamodb import group_keys, items, keys
from image_store.adapters.dynamodb.finding import projections as rows
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.adapters.dynamodb.images import records
from image_store.domain.finding.projection import facts_of
from image_store.domain.images.image import Image, State, Visibility

OF_PROJECTIONS = (*keys.FINDING_PREFIXES, keys.STATS_PREFIX, keys.PROJECTION_PREFIX)


def records_in(table: Sequence[items.Item]) -> list[Image]:
    """Every record among the rows of a table."""
    parts: dict[str, list[items.Item]] = {}
    for item in table:
        if item["sk"]["S"] in {keys.META, keys.DETAIL}:
            parts.setdefault(item["pk"]["S"], []).append(item)
    images = (records.image_of(of_one) for of_one in parts.values())
    return [image for image in images if image is not None]


def found_by(table: Sequence[items.Item]) -> dict[RowKey, items.Item]:
    """The rows by which images are found."""
    return {key_of(item): item for item in table if item["pk"]["S"].startswith(keys.FINDING_PREFIXES)}


def figures(table: Sequence[items.Item], epoch: int = 1) -> dict[RowKey, Counter[str]]:
    """All figures of a epoch but those that have become nothing."""
    result = {}
    for item in table:
        if item["pk"]["S"].startswith(f"{keys.STATS_PREFIX}{epoch}#"):
            amounts = {name: int(value["N"]) for name, value in item.items() if "N" in value}
            amounts.pop("ttl", None)
            if any(amounts.values()):
                result[key_of(item)] = Counter({name: n for name, n in amounts.items() if n})
    return result


def without_parts(counted: dict[RowKey, Counter[str]]) -> dict[RowKey, Counter[str]]:
    """Figures whose parts of the whole system are added up: any part may count any image."""
    sums: dict[RowKey, Counter[str]] = {}
    for (pk, sk), amounts in counted.items():
        whole = pk.rpartition("#")[0] if "#ALL#" in pk else pk
        sums.setdefault((whole, sk), Counter()).update(amounts)
    changed = {key: Counter({name: n for name, n in amounts.items() if n}) for key, amounts in sums.items()}
    return {key: amounts for key, amounts in changed.items() if amounts}


def assert_projected(table: Sequence[items.Item], epoch: int = 1) -> None:
    """Every row of projections is what its record asks for, there are no others, and a recount agrees."""
    expected: dict[RowKey, items.Item] = {}
    counted: dict[RowKey, Counter[str]] = {}
    for image in records_in(table):
        facts = facts_of(image)
        if facts is None:
            continue
        image_id = image.record.id
        expected |= rows.card_rows(image, facts) | rows.term_rows(image, facts)
        for key, amounts in rows.counters_of(image_id, facts, epoch, part=image_id).items():
            counted.setdefault(key, Counter()).update(amounts)
    assert found_by(table) == expected
    assert without_parts(figures(table, epoch)) == without_parts(counted)
    _assert_places_know_their_newest(table, epoch)


def _assert_places_know_their_newest(table: Sequence[items.Item], epoch: int) -> None:
    """No image that figures of groups and tags count is newer than they say."""
    newest: dict[RowKey, str] = {}
    for image in records_in(table):
        facts = facts_of(image)
        for key in rows.counters_of(image.record.id, facts, epoch, part=image.record.id):
            newest[key] = max(image.record.id, newest.get(key, ""))
    places = {
        key_of(item): item
        for item in table
        if group_keys.is_place_stats(item["sk"]["S"])
        and item["pk"]["S"].startswith(f"{keys.STATS_PREFIX}{epoch}#")
    }
    assert all(item["newest"]["S"] >= newest.get(key, "") for key, item in places.items())


def key_of(item: dict[str, Any]) -> RowKey:
    """The primary key of a row."""
    return item["pk"]["S"], item["sk"]["S"]


def of_feed(table: Sequence[items.Item]) -> dict[RowKey, items.Item]:
    """The rows that the feed reads."""
    return {key_of(item): item for item in table if item["pk"]["S"].startswith(keys.FEED_PREFIX)}


def assert_feed_follows(table: Sequence[items.Item]) -> None:
    """The feed has the rows of the records that are READY, public and published, as they are now, and no others."""
    expected = {
        key_of(row)
        for image in records_in(table)
        if image.record.state is State.READY
        and image.record.visibility is Visibility.PUBLIC
        and image.record.publication is not None
        for row in records.feed_rows(image)
    }
    rows = of_feed(table)
    assert rows.keys() == expected
    current = {key_of(row): row for image in records_in(table) for row in records.feed_rows(image)}
    assert rows == current
