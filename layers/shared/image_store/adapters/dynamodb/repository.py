"""Every expression that reads or writes the table.

All writes are conditional transactions. Their conditions name the version a writer saw, so of two writers one
loses and changes nothing. When the answer to a write is lost, a strong read settles it: the row carries the name
of the change that made it (`change`), and a name is used once.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.table import Table, refused
from image_store.domain.audit import NOBODY, Actor
from image_store.domain.errors import QuotaExceeded
from image_store.domain.ids import id_bounds
from image_store.domain.image import Image, Record, State
from image_store.domain.ingest import SweepPosition
from image_store.domain.listing import MAX_EXAMINED_ROWS, CardPage, GroupOf, ListQuery, MemberPage
from image_store.domain.publication import PublicationRow
from image_store.domain.reservation import Copies, IdempotencyRow, Reservation, Usage

_QUERY_ROWS = 500
_MAX_COPIES_READ = 10
_DUE_PAGE_ROWS = 100


class DynamoRepository:
    """ImageRepository on one DynamoDB table; the client is made at the first call.

    `actor` tells who makes a change, and every change of a record carries it: the audit trail is read from there.
    """

    def __init__(
        self,
        table: str,
        *,
        client: Callable[[], Any],
        actor: Callable[[], Actor] = lambda: NOBODY,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._client = client
        self._actor = actor
        self._rows = Table(table, client=client, sleep=sleep, monotonic=monotonic, refusal=_refusal)

    # Writes -------------------------------------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> None:
        image = reservation.record.image
        writes: list[tuple[str, dict[str, Any]]] = [("usage", self._take(image, reservation))]
        for (_, sort_key), item in items.rows_of(reservation.record).items():
            row = item | items.signature(image, self._actor()) if sort_key == keys.META else item
            writes.append(("guard" if sort_key == keys.GUARD else "record", self._create(row)))
        if reservation.idempotency is not None:
            item = {
                **keys.idempotency(reservation.idempotency.name),
                "fingerprint": {"S": reservation.idempotency.fingerprint},
                "image_id": {"S": image.id},
                "ttl": {"N": str(int(reservation.expires_at.timestamp()))},
            }
            # DynamoDB removes expired rows late, up to two days: an expired one counts as absent.
            write = self._put(
                item,
                "attribute_not_exists(pk) OR #ttl < :now",
                names={"#ttl": "ttl"},
                values={":now": {"N": str(int(image.created_at.timestamp()))}},
            )
            writes.append(("idempotency", write))
        if reservation.publication is not None:
            writes.append(("publication", self._keep(items.publication_item(reservation.publication))))
        self._rows.transact(writes, settled=lambda: self._is_mine(image))

    def replace(
        self,
        before: Record,
        after: Record,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        old, new = items.rows_of(before), items.rows_of(after)
        for item in map(items.publication_item, publications):
            new[item["pk"]["S"], item["sk"]["S"]] = item
        writes: list[tuple[str, dict[str, Any]]] = []
        for row_key, item in new.items():
            if row_key[1] == keys.META:
                signed = item | items.signature(after.image, self._actor())
                writes.append(("record", self._put(signed, *_unchanged(before.image))))
            elif item != old.get(row_key):
                is_publication = row_key[1] == keys.PUBLICATION
                writes.append(("row", self._keep(item) if is_publication else self._put(item)))
        writes += [("row", self._delete(*row_key)) for row_key in old.keys() - new.keys()]
        if after.image.state is State.DELETING:
            writes.append(("usage", self._give_back(before.image)))
            if before.image.state is State.PENDING and before.image.idempotency is not None:
                gone = keys.idempotency(before.image.idempotency)
                writes.append(("idempotency", {"Delete": {"TableName": self._table, "Key": gone}}))
        self._rows.transact(writes, settled=lambda: self._is_mine(after.image))

    def amend(self, before: Image, after: Image) -> None:
        names, values, condition = _unchanged_parts(before)
        said = {
            "record": {"S": items.record_text(after)},
            "amendment": {"S": after.amendment},
            **items.signature(after, self._actor()),
        }
        update = {
            "TableName": self._table,
            "Key": keys.key(keys.image(before.id), keys.META),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in said),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names | {f"#{name}": name for name in said},
            "ExpressionAttributeValues": values | {f":{name}": value for name, value in said.items()},
        }
        self._rows.transact([("record", {"Update": update})], settled=lambda: self._is_amended(after))

    def forget(self, record: Record) -> None:
        names, values, condition = _unchanged_parts(record.image)
        meta = {
            "TableName": self._table,
            "Key": keys.key(keys.image(record.image.id), keys.META),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._rows.transact(
            [("record", {"Delete": meta})], settled=lambda: self.get_image(record.image.id) is None
        )

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        # Refused when it is forgotten already, when it is the current one of its image by now, or has other copies.
        self._rows.conditional(
            "delete_item",
            Key=keys.publication(row.publication),
            ConditionExpression="attribute_exists(due_at) AND #keys = :keys"
            " AND (attribute_not_exists(copied_until) OR copied_until < :now)",
            ExpressionAttributeNames={"#keys": "keys"},
            ExpressionAttributeValues={
                ":keys": {"SS": sorted(row.keys)},
                ":now": {"S": items.text_time(at)},
            },
        )

    def adopt_strays(self, row: PublicationRow) -> None:
        self._rows.conditional(
            "put_item", Item=items.publication_item(row), ConditionExpression="attribute_not_exists(pk)"
        )

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        answer = self._rows.conditional(
            "update_item",
            Key=keys.publication(publication),
            UpdateExpression="ADD #keys :keys SET copied_until = :until",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(due_at)",
            ExpressionAttributeNames={"#keys": "keys"},
            ExpressionAttributeValues={":keys": {"SS": [key]}, ":until": {"S": items.text_time(until)}},
        )
        return answer is not None

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        answer = self._rows.conditional(
            "put_item",
            Item={
                **keys.rendering(name),
                "holder": {"S": holder},
                "until": {"S": items.text_time(until)},
                "ttl": {"N": str(int(until.timestamp()) + 1)},
            },
            # botocore repeats a call whose answer it lost; the repeat then meets our own lease.
            ConditionExpression="attribute_not_exists(pk) OR #until < :now OR holder = :holder",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":now": {"S": items.text_time(at)}, ":holder": {"S": holder}},
        )
        return answer is not None

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        expiry = {"ttl": {"N": str(int(expires_at.timestamp()))}}
        self._rows.call("put_item", Item={**keys.note(name), "what": {"S": what}, **expiry})

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        self._rows.call("put_item", Item=items.sweep_item(sweep, position))

    def _take(self, image: Image, reservation: Reservation) -> dict[str, Any]:
        quota = reservation.quota
        due_at = ":due" if reservation.policies_due else "if_not_exists(due_at, :due)"
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": keys.usage(image.owner),
            # An owner's first image, or every one, also queues the owner for the deployment's policies.
            "UpdateExpression": "ADD images :one, promised :one, size_bytes :size "
            f"SET due_shard = if_not_exists(due_shard, :shard), due_at = {due_at}",
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":size": {"N": str(image.size_bytes)},
                ":shard": {"S": keys.policy_shard(image.owner)},
                ":due": {"S": items.text_time(image.created_at)},
            },
        }
        conditions = []
        if quota.images:
            conditions.append("(attribute_not_exists(promised) OR promised < :images)")
            update["ExpressionAttributeValues"][":images"] = {"N": str(quota.images)}
        if quota.size_bytes:
            room = quota.size_bytes - image.size_bytes
            if room < 0:
                raise QuotaExceeded("This image alone is larger than your quota of bytes.")
            conditions.append("(attribute_not_exists(size_bytes) OR size_bytes <= :room)")
            update["ExpressionAttributeValues"][":room"] = {"N": str(room)}
        if conditions:
            update["ConditionExpression"] = " AND ".join(conditions)
        return {"Update": update}

    def _give_back(self, image: Image) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": keys.usage(image.owner),
                "UpdateExpression": "ADD images :one, promised :one, size_bytes :size",
                "ExpressionAttributeValues": {":one": {"N": "-1"}, ":size": {"N": str(-image.size_bytes)}},
            }
        }

    def _create(self, item: items.Item) -> dict[str, Any]:
        return self._put(item, "attribute_not_exists(pk)")

    def _put(
        self,
        item: items.Item,
        condition: str | None = None,
        names: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if names:
            put["ExpressionAttributeNames"] = names
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _keep(self, publication: items.Item) -> dict[str, Any]:
        """Write the row of a publication without losing a copy that somebody else announced meanwhile."""
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {name: publication[name] for name in ("pk", "sk")},
            "ExpressionAttributeValues": {":image": publication["image_id"]},
        }
        due = (
            ", due_shard = :shard, due_at = :due" if "due_at" in publication else " REMOVE due_shard, due_at"
        )
        update["UpdateExpression"] = f"SET image_id = :image{due}"
        values = update["ExpressionAttributeValues"]
        if "due_at" in publication:
            values |= {":shard": publication["due_shard"], ":due": publication["due_at"]}
        if "keys" in publication:
            update["UpdateExpression"] += " ADD #keys :keys"
            update["ExpressionAttributeNames"] = {"#keys": "keys"}
            values[":keys"] = publication["keys"]
        return {"Update": update}

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": keys.key(pk, sk)}}

    def _is_mine(self, image: Image) -> bool:
        stored = self.get_image(image.id)
        return stored is not None and stored.change == image.change

    def _is_amended(self, image: Image) -> bool:
        stored = self.get_image(image.id)
        return stored is not None and stored.amendment == image.amendment

    # Reads --------------------------------------------------------------------------------------------

    def get(self, image_id: str) -> Record | None:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.image(image_id)}},
            ConsistentRead=True,
        )
        return items.record_of(answer["Items"])

    def get_image(self, image_id: str) -> Image | None:
        answer = self._rows.call(
            "get_item", Key=keys.key(keys.image(image_id), keys.META), ConsistentRead=True
        )
        return items.image_of(answer["Item"]) if "Item" in answer else None

    def get_images(self, image_ids: Collection[str]) -> dict[str, Image]:
        found = self._rows.get_many([keys.key(keys.image(image_id), keys.META) for image_id in image_ids])
        return {image.id: image for image in map(items.image_of, found)}

    def publications(self, names: Collection[str]) -> dict[str, PublicationRow]:
        found = self._rows.get_many([keys.publication(name) for name in names])
        return {row.publication: row for row in map(items.publication_of, found)}

    def copies(self, owner: str, sha256: str) -> Copies:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.checksum(owner, sha256)}},
            ConsistentRead=True,
            # GUARD sorts after every id (ids begin with a hexadecimal digit), so the newest rows hold it.
            ScanIndexForward=False,
            Limit=_MAX_COPIES_READ,
        )
        rows = answer["Items"]
        guard = next((row["image_id"]["S"] for row in rows if row["sk"]["S"] == keys.GUARD), None)
        return Copies(tuple(row["sk"]["S"] for row in rows if row["sk"]["S"] != keys.GUARD), guard)

    def idempotency(self, name: str) -> IdempotencyRow | None:
        item = self._rows.call("get_item", Key=keys.idempotency(name), ConsistentRead=True).get("Item")
        if item is None:
            return None
        expires_at = datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)
        return IdempotencyRow(item["fingerprint"]["S"], item["image_id"]["S"], expires_at)

    def settled(self, names: Collection[str], *, at: datetime) -> set[str]:
        rows = [(row, name) for name in set(names) for row in (keys.idempotency(name), keys.note(name))]
        name_of = {row["pk"]["S"]: name for row, name in rows}
        # DynamoDB removes expired rows late: they count as absent.
        now = int(at.timestamp())
        found = self._rows.get_many([row for row, _ in rows])
        return {name_of[item["pk"]["S"]] for item in found if int(item["ttl"]["N"]) >= now}

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        item = self._rows.call("get_item", Key=keys.sweep(sweep), ConsistentRead=True).get("Item")
        return items.sweep_position_of(item) if item is not None else None

    def usage(self, owner: str) -> Usage:
        item = self._rows.call("get_item", Key=keys.usage(owner), ConsistentRead=True).get("Item")
        if item is None or "images" not in item:  # images may be promised before the first is stored
            return Usage(0, 0)
        return Usage(int(item["images"]["N"]), int(item["size_bytes"]["N"]))

    def publication(self, publication: str) -> PublicationRow | None:
        answer = self._rows.call("get_item", Key=keys.publication(publication), ConsistentRead=True)
        return items.publication_of(answer["Item"]) if "Item" in answer else None

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        found: list[items.Item] = []
        examined = 0
        shelf = _shelf(query)
        request = _card_request(query, shelf)
        if after is not None:
            request["ExclusiveStartKey"] = _start_key(shelf, after)
        filtered = "FilterExpression" in request
        while True:
            room = min(MAX_EXAMINED_ROWS - examined, _QUERY_ROWS if filtered else query.limit - len(found))
            answer = self._rows.call("query", **request, Limit=room)
            found += answer["Items"]
            examined += answer["ScannedCount"]
            last = answer.get("LastEvaluatedKey")
            if len(found) > query.limit or (len(found) == query.limit and last):
                page = found[: query.limit]
                return CardPage(tuple(map(items.card_of, page)), page[-1]["id"]["S"])
            if last is None:
                return CardPage(tuple(map(items.card_of, found)), None)
            if examined >= MAX_EXAMINED_ROWS:
                resume = last["id" if shelf.is_index else "sk"]["S"]
                return CardPage(tuple(map(items.card_of, found)), resume)
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

    def due(self, before: datetime) -> Iterator[str]:
        for pk in self._due(keys.due_shards(), before):
            if pk.startswith(keys.IMAGE_PREFIX):
                yield pk.removeprefix(keys.IMAGE_PREFIX)
            else:
                yield f"publication:{pk.removeprefix(keys.PUBLICATION_PREFIX)}"

    def owners_due(self, before: datetime) -> Iterator[str]:
        return map(keys.owner_of_usage, self._due(keys.policy_shards(), before))

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        self._rows.call(
            "update_item",
            Key=keys.usage(owner),
            UpdateExpression="SET due_shard = :shard, due_at = :due",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={
                ":shard": {"S": keys.policy_shard(owner)},
                ":due": {"S": items.text_time(next_at)},
            },
        )

    def scan(self, *, after: str | None, limit: int) -> tuple[list[Image], str | None]:
        start = {} if after is None else {"ExclusiveStartKey": json.loads(after)}
        answer = self._rows.call(
            "scan",
            FilterExpression="sk = :meta",
            ExpressionAttributeValues={":meta": {"S": keys.META}},
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return list(map(items.image_of, answer["Items"])), json.dumps(last) if last else None

    def _due(self, shards: Sequence[str], before: datetime) -> Iterator[str]:
        """The partitions of rows whose time has come; the next page is read once this one was used up."""
        for shard in shards:
            start: dict[str, Any] = {}
            while True:
                answer = self._rows.call(
                    "query",
                    IndexName="due",
                    KeyConditionExpression="due_shard = :shard AND due_at <= :before",
                    ExpressionAttributeValues={
                        ":shard": {"S": shard},
                        ":before": {"S": items.text_time(before)},
                    },
                    Limit=_DUE_PAGE_ROWS,
                    **start,
                )
                yield from (row["pk"]["S"] for row in answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    break
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _unchanged_parts(image: Image) -> tuple[dict[str, str], dict[str, Any], str]:
    names = {"#version": "version", "#attempt": "attempt", "#state": "state"}
    values = {
        ":version": {"N": str(image.version)},
        ":attempt": {"S": image.attempt},
        ":state": {"S": image.state.value},
    }
    condition = "#version = :version AND #attempt = :attempt AND #state = :state AND "
    if image.amendment is None:
        return names, values, condition + "attribute_not_exists(amendment)"
    values[":amended"] = {"S": image.amendment}
    return names, values, condition + "amendment = :amended"


def _unchanged(image: Image) -> tuple[str, dict[str, str], dict[str, Any]]:
    names, values, condition = _unchanged_parts(image)
    return condition, names, values


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
        **keys.key(keys.image(image_id), keys.META),
        "owner_key": {"S": shelf.partition},
        "id": {"S": image_id},
    }


def _refusal(failed: set[str]) -> Exception:
    if "usage" in failed:
        return QuotaExceeded("Your quota of images or bytes is used up; delete some images for good first.")
    return refused(failed)
