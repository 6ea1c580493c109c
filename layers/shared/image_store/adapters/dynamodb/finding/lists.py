"""Lists of images: every expression that reads one."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.finding.filters import compared_values
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS, CardPage, GroupOf, ListQuery, MemberPage
from image_store.domain.ids import id_bounds
from image_store.domain.images.image import State
from image_store.ports.finding import ImageLists

_FEWEST_ROWS, _MOST_ROWS = 25, 500
"""Of a Query that is filtered; the fewest double with each Query of a request."""
_MOST_RECORDS = 100
"""That are read at once."""
_SPARE = 1.25


class DynamoImageLists(OnTable, ImageLists):
    """ImageLists in the one table; the client is made at the first call."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        if query.sha256 is not None:
            return self._same_bytes(query, query.sha256, after)
        shelf = _shelf(query)
        request = _card_request(query, shelf)
        if after is not None:
            request["ExclusiveStartKey"] = _start_key(shelf, after)
        filtered = "FilterExpression" in request
        found, resume = filled(self._rows, request, limit=query.limit, filtered=filtered)
        name = "id" if shelf.is_index else "sk"
        return CardPage(tuple(cards.cards_of(found)), _place(resume, name) if resume else None)

    def members(self, group: GroupOf, *, after: str | None, limit: int) -> MemberPage:
        partition = keys.group(group.owner, group.name)
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ProjectionExpression": "sk",
            "ConsistentRead": True,
        }
        if after is not None:
            request["ExclusiveStartKey"] = keys.key(partition, after)
        # One more than wanted tells whether there is more.
        answer = self._rows.call("query", **request, Limit=limit + 1)
        found = tuple(row["sk"]["S"] for row in answer["Items"])
        page = found[:limit]
        more = len(found) > limit or "LastEvaluatedKey" in answer
        return MemberPage(page, page[-1] if more and page else None)

    def _same_bytes(self, query: ListQuery, sha256: str, after: str | None) -> CardPage:
        """Images with the same bytes; there are few, so their cards are read from their records."""
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
        found: list[items.Item] = []
        examined, rows = 0, query.limit
        while True:
            answer = self._rows.call("query", **request, Limit=rows)
            rows = min(2 * rows, _MOST_RECORDS)  # few rows that hold nothing must not become many Queries
            ids = [row["sk"]["S"] for row in answer["Items"] if row["sk"]["S"] != keys.GUARD]
            examined += answer["ScannedCount"]
            read = self._rows.get_many([keys.record(image_id) for image_id in ids], consistent=False)
            met = {item["id"]["S"]: item for item in read if _meets(item, query)}
            for image_id in filter(met.__contains__, ids):
                if len(found) == query.limit:
                    return CardPage(tuple(cards.cards_of(found)), found[-1]["id"]["S"])
                found.append(met[image_id])
            last = answer.get("LastEvaluatedKey")
            if last is None or examined >= MAX_EXAMINED_ROWS:
                return CardPage(tuple(cards.cards_of(found)), last["sk"]["S"] if last else None)
            request["ExclusiveStartKey"] = last


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The rows that a list is read from, and how they are named."""

    partition: str
    hash_name: str
    range_name: str
    drives: str | None = None
    """The filter that all of its rows meet."""

    @property
    def is_index(self) -> bool:
        return self.hash_name == "owner_key"


def filled(
    table: DynamoTable, request: dict[str, Any], *, limit: int, filtered: bool
) -> tuple[list[items.Item], items.Item | None]:
    """Repeat a Query until a page is full: its items, and the item or key after which the next page begins.

    None when there is nothing more to read. At most 2,000 rows are examined. `filtered` says that many rows may be
    left out of what is read.
    """
    found: list[items.Item] = []
    examined = queries = 0
    while True:
        rows = missing = limit - len(found)
        if filtered or queries:  # a second one tells that rows were left out after all, such as expired ones
            rows = _rows_to_read(missing, found=len(found), examined=examined, queries=queries)
        answer = table.call("query", **request, Limit=min(rows, MAX_EXAMINED_ROWS - examined))
        found += answer["Items"]
        examined += answer["ScannedCount"]
        queries += 1
        last = answer.get("LastEvaluatedKey")
        if len(found) > limit or (len(found) == limit and last):
            page = found[:limit]
            return page, page[-1]
        if last is None or examined >= MAX_EXAMINED_ROWS:
            return found, last
        request = {**request, "ExclusiveStartKey": last}


def _place(row: items.Item, name: str) -> str:
    """The id in an item or a key; items are read with `id` and without their keys."""
    return str(row["id" if "id" in row else name]["S"])


def _rows_to_read(missing: int, *, found: int, examined: int, queries: int) -> int:
    """How many rows are likely to hold what is missing, by the share that was found so far, with some to spare.

    At first nothing is known, and all may be wanted; few rows that hold nothing must not become many Queries.
    """
    likely = ceil(_SPARE * missing * (examined + 1) / (found + 1))
    return min(_MOST_ROWS, max(_FEWEST_ROWS << queries, likely))


def _shelf(query: ListQuery) -> _Shelf:
    """The fewest rows that hold all a list asks for: of a group, a tag, a category, a model, or of the owner."""
    owner, by_key = query.owner, ("pk", "sk")
    if query.group is not None:
        return _Shelf(keys.group(owner, query.group), *by_key, "group")
    if query.tag is not None:
        return _Shelf(keys.tagged(owner, query.tag, trashed=query.trashed), *by_key, "tag")
    if not query.trashed and not query.from_records:
        if query.category is not None:
            return _Shelf(keys.in_category(owner, query.category), *by_key, "category")
        if query.model is not None:
            return _Shelf(keys.by_model(owner, query.model), *by_key, "model")
    return _Shelf(keys.trash(owner) if query.trashed else keys.live(owner), "owner_key", "id")


def _card_request(query: ListQuery, shelf: _Shelf) -> dict[str, Any]:
    names = {
        "#hash": shelf.hash_name,
        "#id": "id",
        "#card": "card",
        "#kind": "kind",
        "#visibility": "visibility",
    }
    read = ["#id", "#card", "#kind", "#visibility"]
    for name in ("model", "provider"):
        if name in query.fields:
            names[f"#{name}"] = name
            read.append(f"#{name}")
    values = {":hash": {"S": shelf.partition}}
    condition = "#hash = :hash"
    if query.since is not None or query.until is not None:
        names["#range"] = shelf.range_name
        condition += " AND #range BETWEEN :low AND :high"
        values[":low"], values[":high"] = ({"S": bound} for bound in id_bounds(query.since, query.until))
    request: dict[str, Any] = {"IndexName": "by_owner"} if shelf.is_index else {"ConsistentRead": False}
    compared = {name: value for name, value in compared_values(query).items() if name != shelf.drives}
    filters = [f"#{name} = :{name}" for name in compared]
    if query.tag is not None and shelf.drives != "tag":
        filters.append("contains(#tags, :tag)")
        names["#tags"] = "tags"
        values[":tag"] = {"S": query.tag}
    if filters:
        request["FilterExpression"] = " AND ".join(filters)
        names |= {f"#{name}": name for name in compared}
        values |= {f":{name}": {"S": value} for name, value in compared.items()}
    return request | {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.descending,
        "ProjectionExpression": ", ".join(read),
    }


def _meets(item: items.Item, query: ListQuery) -> bool:
    """Whether a record belongs to what is asked for besides its checksum."""
    return item["state"]["S"] == State.READY and all(
        item.get(name, {}).get("S") == value for name, value in compared_values(query).items()
    )


def _start_key(shelf: _Shelf, image_id: str) -> dict[str, Any]:
    if not shelf.is_index:
        return keys.key(shelf.partition, image_id)
    return {
        **keys.record(image_id),
        "owner_key": {"S": shelf.partition},
        "id": {"S": image_id},
    }
