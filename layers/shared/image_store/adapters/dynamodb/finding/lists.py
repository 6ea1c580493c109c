"""Reads lists of images: every query expression of a list is here.

A list loads the code of records only for fields that its rows do not hold: it would add to its cold start.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.finding.filters import attributes_of, filter_expression
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.delivery.renditions import Rendition
from image_store.domain.finding.filters import conditions_of
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS, CardPage, ListQuery, MemberPage, OwnerGroup
from image_store.domain.ids import id_bounds
from image_store.domain.images.details import Details
from image_store.domain.images.image import State
from image_store.ports.finding import ListRows

_FEWEST_ROWS, _MOST_ROWS = 25, 500
"""Rows that one Query with a filter reads; the minimum doubles with each Query of a request."""
_MOST_RECORDS = 100
"""Records that one read asks for."""
_SPARE = 1.25
"""Read this many times the rows that are expected to be enough."""


class DynamoListRows(OnTable, ListRows):
    """ListRows in the one table."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        if query.sha256 is not None:
            return self._same_bytes(query, query.sha256, after)
        partition = _partition(query)
        request = _card_request(query, partition)
        if after is not None:
            request["ExclusiveStartKey"] = _start_key(partition, after)
        is_filtered = "FilterExpression" in request
        rows, resume = read_page(self._rows, request, limit=query.limit, is_filtered=is_filtered)
        name = "id" if partition.is_index else "sk"
        return CardPage(tuple(cards.cards_of(rows)), _resume_id(resume, name) if resume else None)

    def members(self, group: OwnerGroup, *, after: str | None, limit: int) -> MemberPage:
        partition = keys.group(group.owner, group.name)
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ProjectionExpression": "sk",
            "ConsistentRead": True,
        }
        if after is not None:
            request["ExclusiveStartKey"] = keys.key(partition, after)
        # One more than the page holds shows whether another page follows.
        response = self._rows.call("query", **request, Limit=limit + 1)
        ids = tuple(row["sk"]["S"] for row in response["Items"])
        page = ids[:limit]
        has_more = len(ids) > limit or "LastEvaluatedKey" in response
        return MemberPage(page, page[-1] if has_more and page else None)

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        from image_store.adapters.dynamodb.images.records import details_of

        rows = self._rows.get_many([keys.detail(image_id) for image_id in image_ids], consistent=False)
        return {
            row["pk"]["S"].removeprefix(keys.IMAGE_PREFIX): details
            for row in rows
            for details in schema.readable([row], details_of)
        }

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        from image_store.adapters.dynamodb.images.records import record_of

        rows = self._rows.get_many([keys.record(image_id) for image_id in image_ids], consistent=False)
        return {
            record.id: tuple(rendition for rendition in record.renditions if rendition.making is None)
            for record in schema.readable(rows, record_of)
        }

    def _same_bytes(self, query: ListQuery, sha256: str, after: str | None) -> CardPage:
        """Images with the same bytes; they are few, so their cards are read from the records."""
        partition = keys.checksum(query.owner, sha256)
        low, high = id_bounds(query.since, query.until)
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": {":pk": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
            "ProjectionExpression": "sk",
            "ScanIndexForward": not query.descending,
        }
        if after is not None:
            request["ExclusiveStartKey"] = keys.key(partition, after)
        matches: list[items.Item] = []
        examined, rows = 0, query.limit
        while True:
            response = self._rows.call("query", **request, Limit=rows)
            rows = min(2 * rows, _MOST_RECORDS)  # rows that do not match must not cause many small Queries
            ids = [row["sk"]["S"] for row in response["Items"] if row["sk"]["S"] != keys.GUARD]
            examined += response["ScannedCount"]
            records = self._rows.get_many([keys.record(image_id) for image_id in ids], consistent=False)
            matching = {item["id"]["S"]: item for item in records if _matches(item, query)}
            for image_id in filter(matching.__contains__, ids):
                if len(matches) == query.limit:
                    return CardPage(tuple(cards.cards_of(matches)), matches[-1]["id"]["S"])
                matches.append(matching[image_id])
            last = response.get("LastEvaluatedKey")
            if last is None or examined >= MAX_EXAMINED_ROWS:
                return CardPage(tuple(cards.cards_of(matches)), last["sk"]["S"] if last else None)
            request["ExclusiveStartKey"] = last


@dataclass(frozen=True, slots=True)
class _Partition:
    """The partition that a list is read from, with the names of its key attributes."""

    key: str
    hash_name: str
    range_name: str
    filter_name: str | None = None
    """The filter that all rows of the partition match."""

    @property
    def is_index(self) -> bool:
        return self.hash_name == "owner_key"


def read_page(
    table: DynamoTable, request: dict[str, Any], *, limit: int, is_filtered: bool
) -> tuple[list[items.Item], items.Item | None]:
    """Repeat a Query until a page is full: its items, and the item or key after which the next page begins.

    The key is None after the last page. At most 2,000 rows are examined. With `is_filtered`, a filter may drop many of
    them.
    """
    page: list[items.Item] = []
    examined = queries = 0
    while True:
        rows = missing = limit - len(page)
        if is_filtered or queries:  # a second Query means that rows were dropped, such as expired ones
            rows = _rows_to_read(missing, matches=len(page), examined=examined, queries=queries)
        response = table.call("query", **request, Limit=min(rows, MAX_EXAMINED_ROWS - examined))
        page += response["Items"]
        examined += response["ScannedCount"]
        queries += 1
        last = response.get("LastEvaluatedKey")
        if len(page) > limit or (len(page) == limit and last):
            return page[:limit], page[limit - 1]
        if last is None or examined >= MAX_EXAMINED_ROWS:
            return page, last
        request = {**request, "ExclusiveStartKey": last}


def _resume_id(row: items.Item, name: str) -> str:
    """The id in an item or a key; items are read with `id` and without their keys."""
    return str(row["id" if "id" in row else name]["S"])


def _rows_to_read(missing: int, *, matches: int, examined: int, queries: int) -> int:
    """The number of rows to read for the missing ones, by the share that has matched, with some to spare.

    At first the share is unknown, and all rows may match. Rows that do not match must not cause many small Queries.
    """
    likely = ceil(_SPARE * missing * (examined + 1) / (matches + 1))
    return min(_MOST_ROWS, max(_FEWEST_ROWS << queries, likely))


def _partition(query: ListQuery) -> _Partition:
    """The smallest partition with all images of a list: of a group, a tag, a category, a model or the owner."""
    owner, by_key = query.owner, ("pk", "sk")
    if query.group is not None:
        return _Partition(keys.group(owner, query.group), *by_key, "group")
    if not query.from_records:
        tags = () if query.tag is None else (query.tag,)
        for name, partition in keys.lists_of(
            owner, tags=tags, category=query.category, model=query.model, trashed=query.trashed
        ):
            return _Partition(partition, *by_key, name)
    return _Partition(keys.trash(owner) if query.trashed else keys.live(owner), "owner_key", "id")


def _card_request(query: ListQuery, partition: _Partition) -> dict[str, Any]:
    names = {
        "#hash": partition.hash_name,
        "#id": "id",
        "#card": "card",
        "#kind": "kind",
        "#visibility": "visibility",
    }
    attributes = ["#id", "#card", "#kind", "#visibility"]
    for name in ("model", "provider"):
        if name in query.fields:
            names[f"#{name}"] = name
            attributes.append(f"#{name}")
    values = {":hash": {"S": partition.key}}
    condition = "#hash = :hash"
    if query.since is not None or query.until is not None:
        names["#range"] = partition.range_name
        condition += " AND #range BETWEEN :low AND :high"
        values[":low"], values[":high"] = ({"S": bound} for bound in id_bounds(query.since, query.until))
    request: dict[str, Any] = {"IndexName": "by_owner"} if partition.is_index else {"ConsistentRead": False}
    filters = filter_expression(
        each for each in conditions_of(query, on_list_rows=True) if each.filter != partition.filter_name
    )
    if filters.terms:
        request["FilterExpression"] = " AND ".join(filters.terms)
        names |= filters.names
        values |= filters.values
    return request | {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.descending,
        "ProjectionExpression": ", ".join(attributes),
    }


def _matches(item: items.Item, query: ListQuery) -> bool:
    """Whether a record with the checksum matches the other filters too."""
    conditions = conditions_of(query, on_list_rows=True)
    attributes = attributes_of(item, conditions)
    return item["state"]["S"] == State.READY and all(each.holds(attributes) for each in conditions)


def _start_key(partition: _Partition, image_id: str) -> dict[str, Any]:
    if not partition.is_index:
        return keys.key(partition.key, image_id)
    return {
        **keys.record(image_id),
        "owner_key": {"S": partition.key},
        "id": {"S": image_id},
    }
