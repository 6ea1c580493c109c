"""Reads groups and tags with their counts.

The projector counts the images of each group and tag, and names in `newest` the image with the highest id that was ever
counted there. So the newest image is `newest` while its row is in the partition of the group or tag. If that row is
gone, one Query finds the newest image that is left.

Groups come from two partitions that have the same order: figures and records. A page holds no group beyond the last
one that both partitions were read up to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from image_store.adapters.dynamodb import group_keys, keys, schema
from image_store.adapters.dynamodb.finding.cards import cards_of
from image_store.adapters.dynamodb.finding.groups import record_of
from image_store.adapters.dynamodb.finding.place_figures import NEWEST
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.adapters.dynamodb.finding.rebuilds import served_epoch
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.finding.cards import Card
from image_store.domain.finding.groups import (
    MAX_GROUP_RECORDS,
    GroupPage,
    GroupQuery,
    GroupRecord,
    GroupSummary,
    TagPage,
    TagQuery,
    TagSummary,
    folded_name,
)
from image_store.domain.finding.projection import IMAGES
from image_store.domain.ids import created_at
from image_store.ports.finding import Places


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of a partition by their sort keys, and the last key that was read; None after the last row."""

    items: dict[str, Item]
    read_up_to: str | None


class DynamoPlaces(OnTable, Places):
    """Places in the one table."""

    def groups(self, query: GroupQuery, *, after: str | None) -> GroupPage:
        owner = query.owner
        figures_pk = keys.owner_stats(served_epoch(self._rows), owner)
        bounds = group_keys.group_bounds(query.place_prefix, after=after)
        counted = self._slice(figures_pk, bounds, limit=query.limit)
        records = self._records(query, after=after)
        ends = [rows.read_up_to for rows in (counted, records) if rows.read_up_to is not None]
        end = min(ends, default=None)
        places = sorted(
            sk
            for sk in counted.items.keys() | records.items.keys()
            if (end is None or sk <= end) and (sk in records.items or _count(counted.items.get(sk)))
        )
        page = places[: query.limit]
        if len(places) > query.limit:
            end = page[-1]
        uncounted = [sk for sk in page if sk not in counted.items] if query.prefix else []
        figures = counted.items | self._figures(figures_pk, uncounted)
        record_by_place = {
            group_keys.record(owner, record.name)["sk"]["S"]: record
            for record in schema.readable(
                [records.items[sk] for sk in page if sk in records.items], record_of
            )
        }
        groups = [(sk, figures.get(sk), record_by_place.get(sk)) for sk in page]
        return GroupPage(tuple(self._summaries(owner, groups)), end)

    def group(self, owner: str, name: str) -> GroupSummary | None:
        sk = group_keys.group_stats(name)
        partition = keys.group(owner, name)
        item = self._one(group_keys.record(owner, name))
        record = None if item is None else record_of(item)
        newest = self._last_row(partition, consistent=True)
        if record is None and newest is None:
            return None
        figures = self._one(keys.key(keys.owner_stats(served_epoch(self._rows), owner), sk))
        chosen = None
        if record is not None and record.cover_image_id is not None:
            chosen = self._one(keys.key(partition, record.cover_image_id))
        return _summary(name, record, figures, newest=newest, chosen=chosen)

    def tags(self, query: TagQuery, *, after: str | None) -> TagPage:
        owner = query.owner
        figures_pk = keys.owner_stats(served_epoch(self._rows), owner)
        bounds = group_keys.tag_bounds(folded_name(query.prefix), after=after)
        counted = self._slice(figures_pk, bounds, limit=query.limit)
        figures = {group_keys.tag_of(sk): item for sk, item in counted.items.items() if _count(item)}
        partitions = {tag: keys.tagged(owner, tag, trashed=False) for tag in figures}
        rows = self._images(
            [(partitions[tag], newest) for tag, item in figures.items() for newest in _hint(item)]
        )
        tags = []
        for tag, item in figures.items():
            newest = self._newest(partitions[tag], item, rows)
            stored_at = None if newest is None else created_at(newest["sk"]["S"])
            tags.append(TagSummary(tag, _count(item), stored_at))
        return TagPage(tuple(tags), counted.read_up_to)

    def _records(self, query: GroupQuery, *, after: str | None) -> _Rows:
        """The records of a page; with a prefix all that match, because a title can match anywhere."""
        partition = group_keys.records(query.owner)
        if not query.prefix:
            bounds = group_keys.group_bounds(query.place_prefix, after=after)
            return self._slice(partition, bounds, limit=query.limit)
        of_type = "" if query.group_type is None else f"{query.group_type}:"
        first, last = group_keys.group_bounds(of_type, after=after)
        by_name, _ = group_keys.group_bounds(query.place_prefix, after=None)
        matching: dict[str, Item] = {}
        left = MAX_GROUP_RECORDS
        while left > 0:
            rows = self._slice(partition, (first, last), limit=left)
            for sk, item in rows.items.items():
                named = sk.startswith(by_name)
                if named or any(query.has_title(each.title) for each in schema.readable([item], record_of)):
                    matching[sk] = item
            if rows.read_up_to is None:
                return _Rows(matching, None)
            left -= len(rows.items)
            first, _ = group_keys.group_bounds(of_type, after=rows.read_up_to)
        return _Rows(matching, rows.read_up_to)

    def _slice(self, partition: str, bounds: tuple[str, str], *, limit: int) -> _Rows:
        first, last = bounds
        if first > last:
            return _Rows({}, None)
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": partition},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            Limit=limit,
        )
        end = answer["LastEvaluatedKey"]["sk"]["S"] if "LastEvaluatedKey" in answer else None
        return _Rows({item["sk"]["S"]: item for item in answer["Items"]}, end)

    def _figures(self, partition: str, places: Sequence[str]) -> dict[str, Item]:
        rows = self._rows.get_many([keys.key(partition, sk) for sk in places], consistent=False)
        return {item["sk"]["S"]: item for item in rows}

    def _summaries(
        self, owner: str, groups: Sequence[tuple[str, Item | None, GroupRecord | None]]
    ) -> Iterator[GroupSummary]:
        """Groups with their covers: one BatchGet reads the chosen and the newest images of all."""
        named = [(group_keys.group_of(sk), figures, record) for sk, figures, record in groups]
        partitions = {name: keys.group(owner, name) for name, _, _ in named}
        rows = self._images(
            [
                (partitions[name], image_id)
                for name, figures, record in named
                for image_id in (*_hint(figures), *_choice(record))
            ]
        )
        for name, figures, record in named:
            newest = self._newest(partitions[name], figures, rows) if _count(figures) else None
            chosen = next((rows.get((partitions[name], image_id)) for image_id in _choice(record)), None)
            yield _summary(name, record, figures, newest=newest, chosen=chosen)

    def _images(self, row_keys: Sequence[RowKey]) -> dict[RowKey, Item]:
        """The rows of images in groups or tags that exist, by their keys."""
        rows = self._rows.get_many([keys.key(*row) for row in row_keys], consistent=False)
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in rows}

    def _newest(self, partition: str, figures: Item | None, rows: Mapping[RowKey, Item]) -> Item | None:
        """The row of the newest image of a group or tag: the one that its figures name, or the one that is left."""
        for image_id in _hint(figures):
            if (partition, image_id) in rows:
                return rows[partition, image_id]
        return self._last_row(partition, consistent=False)

    def _last_row(self, partition: str, *, consistent: bool) -> Item | None:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=consistent,
            ScanIndexForward=False,
            Limit=1,
        )
        return next(iter(answer["Items"]), None)

    def _one(self, key: keys.Key) -> Item | None:
        item: Item | None = self._rows.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return item


def _count(figures: Item | None) -> int:
    return int(figures[IMAGES]["N"]) if figures is not None and IMAGES in figures else 0


def _hint(figures: Item | None) -> tuple[str, ...]:
    """The image that figures name as the newest."""
    return (figures[NEWEST]["S"],) if figures is not None and NEWEST in figures else ()


def _choice(record: GroupRecord | None) -> tuple[str, ...]:
    """The image that was chosen as cover."""
    return (record.cover_image_id,) if record is not None and record.cover_image_id is not None else ()


def _summary(
    name: str, record: GroupRecord | None, figures: Item | None, *, newest: Item | None, chosen: Item | None
) -> GroupSummary:
    newest_card, chosen_card = _card(newest), _card(chosen)
    return GroupSummary(
        name=name,
        title=record.title if record is not None else None,
        images=_count(figures),
        newest=newest_card,
        cover=chosen_card or newest_card,
    )


def _card(item: Item | None) -> Card | None:
    return None if item is None else next(cards_of([item]), None)
