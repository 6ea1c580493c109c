"""Lists of images: every expression that reads one."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from image_store.adapters.dynamodb import cards, items, keys
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.ids import id_bounds
from image_store.domain.listing import MAX_EXAMINED_ROWS, CardPage, GroupOf, ListQuery, MemberPage
from image_store.ports.lists import ImageLists

_FEWEST_ROWS, _MOST_ROWS = 25, 500
"""Of a Query that is filtered; the fewest double with each Query of a request."""
_SPARE = 1.25


class DynamoImageLists(OnTable, ImageLists):
    """ImageLists in the one table; the client is made at the first call."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        found: list[items.Item] = []
        examined = queries = 0
        shelf = _shelf(query)
        request = _card_request(query, shelf)
        if after is not None:
            request["ExclusiveStartKey"] = _start_key(shelf, after)
        filtered = "FilterExpression" in request
        while True:
            rows = missing = query.limit - len(found)
            if filtered:
                rows = _rows_to_read(missing, found=len(found), examined=examined, queries=queries)
            answer = self._rows.call("query", **request, Limit=min(rows, MAX_EXAMINED_ROWS - examined))
            found += answer["Items"]
            examined += answer["ScannedCount"]
            queries += 1
            last = answer.get("LastEvaluatedKey")
            if len(found) > query.limit or (len(found) == query.limit and last):
                page = found[: query.limit]
                return CardPage(tuple(cards.cards_of(page)), page[-1]["id"]["S"])
            if last is None:
                return CardPage(tuple(cards.cards_of(found)), None)
            if examined >= MAX_EXAMINED_ROWS:
                resume = last["id" if shelf.is_index else "sk"]["S"]
                return CardPage(tuple(cards.cards_of(found)), resume)
            request["ExclusiveStartKey"] = last

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
    values = {":hash": {"S": shelf.partition}}
    condition = "#hash = :hash"
    if query.since is not None or query.until is not None:
        names["#range"] = shelf.range_name
        condition += " AND #range BETWEEN :low AND :high"
        values[":low"], values[":high"] = ({"S": bound} for bound in id_bounds(query.since, query.until))
    request: dict[str, Any] = {"IndexName": "by_owner"} if shelf.is_index else {"ConsistentRead": False}
    wanted = {
        name: getattr(query, name)
        for name in ("kind", "visibility", "category", "model", "provider")
        if getattr(query, name) is not None and name != shelf.drives
    }
    filters = [f"#{name} = :{name}" for name in wanted]
    if query.tag is not None and shelf.drives != "tag":
        filters.append("contains(#tags, :tag)")
        names["#tags"] = "tags"
        values[":tag"] = {"S": query.tag}
    if filters:
        request["FilterExpression"] = " AND ".join(filters)
        names |= {f"#{name}": name for name in wanted}
        values |= {f":{name}": {"S": str(value)} for name, value in wanted.items()}
    return request | {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.descending,
        "ProjectionExpression": "#id, #card, #kind, #visibility",
    }


def _start_key(shelf: _Shelf, image_id: str) -> dict[str, Any]:
    if not shelf.is_index:
        return keys.key(shelf.partition, image_id)
    return {
        **keys.record(image_id),
        "owner_key": {"S": shelf.partition},
        "id": {"S": image_id},
    }
