"""Every expression that reads or writes the table.

All writes are conditional transactions. Their conditions name the version a writer saw, so of two writers one
loses and changes nothing. When the answer to a write is lost, a strong read settles it: the row carries the name
of the change that made it (`change`), and a name is used once.
How transactions meet others, `transactions` tells.
"""

import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.transactions import (
    CONFLICT_RETRY,
    FIRST_BACKOFF_SECONDS,
    Write,
    transact,
    unavailable,
)
from image_store.domain.errors import Conflict, QuotaExceeded
from image_store.domain.ids import first_id_at
from image_store.domain.image import Image, Record, State
from image_store.domain.ingest import SweepPosition
from image_store.domain.listing import MAX_EXAMINED_ROWS, CardPage, GroupOf, ListQuery, MemberPage
from image_store.domain.publication import PublicationRow
from image_store.domain.reservation import Copies, IdempotencyRow, Reservation, Usage

_QUERY_ROWS = 500
_MAX_COPIES_READ = 10
_BATCH_GET_ROWS = 100
_DUE_PAGE_ROWS = 100


class DynamoRepository:
    """ImageRepository on one DynamoDB table; the client is made at the first call."""

    def __init__(
        self,
        table: str,
        *,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._client = client
        self._sleep = sleep
        self._monotonic = monotonic

    # Writes -------------------------------------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> None:
        image = reservation.record.image
        writes: list[tuple[str, dict[str, Any]]] = [("usage", self._take(image, reservation))]
        for (_, sort_key), item in items.rows_of(reservation.record).items():
            writes.append(("guard" if sort_key == keys.GUARD else "record", self._create(item)))
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
            writes.append(("publication", self._put(items.publication_item(reservation.publication))))
        self._transact(writes, settled=lambda: self._is_mine(image))

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
                writes.append(("record", self._put(item, *_unchanged(before.image))))
            elif item != old.get(row_key):
                writes.append(("row", self._put(item)))
        writes += [("row", self._delete(*row_key)) for row_key in old.keys() - new.keys()]
        if after.image.state is State.DELETING:
            writes.append(("usage", self._give_back(before.image)))
            if before.image.state is State.PENDING and before.image.idempotency is not None:
                gone = keys.idempotency(before.image.idempotency)
                writes.append(("idempotency", {"Delete": {"TableName": self._table, "Key": gone}}))
        self._transact(writes, settled=lambda: self._is_mine(after.image))

    def forget(self, record: Record) -> None:
        names, values, condition = _unchanged_parts(record.image)
        meta = {
            "TableName": self._table,
            "Key": keys.key(keys.image(record.image.id), keys.META),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._transact(
            [("record", {"Delete": meta})], settled=lambda: self.get_image(record.image.id) is None
        )

    def forget_publication(self, publication: str) -> None:
        try:
            self._client().delete_item(
                TableName=self._table,
                Key=keys.publication(publication),
                ConditionExpression="attribute_exists(due_at)",
            )
        except ClientError as error:
            # Forgotten already, or the current one of its image by now.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise unavailable() from error
        except BotoCoreError as error:
            raise unavailable() from error

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        expiry = {"ttl": {"N": str(int(expires_at.timestamp()))}}
        self._call("put_item", Item={**keys.note(name), "what": {"S": what}, **expiry})

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        self._call("put_item", Item=items.sweep_item(sweep, position))

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

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": keys.key(pk, sk)}}

    def _is_mine(self, image: Image) -> bool:
        stored = self.get_image(image.id)
        return stored is not None and stored.change == image.change

    def _transact(self, writes: list[Write], *, settled: Callable[[], bool]) -> None:
        transact(
            self._client(),
            writes,
            settled=settled,
            refusal=_refusal,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )

    # Reads --------------------------------------------------------------------------------------------

    def get(self, image_id: str) -> Record | None:
        answer = self._call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.image(image_id)}},
            ConsistentRead=True,
        )
        return items.record_of(answer["Items"])

    def get_image(self, image_id: str) -> Image | None:
        answer = self._call("get_item", Key=keys.key(keys.image(image_id), keys.META), ConsistentRead=True)
        return items.image_of(answer["Item"]) if "Item" in answer else None

    def get_images(self, image_ids: Collection[str]) -> dict[str, Image]:
        found = self._get_many([keys.key(keys.image(image_id), keys.META) for image_id in image_ids])
        return {image.id: image for image in map(items.image_of, found)}

    def publications(self, names: Collection[str]) -> dict[str, PublicationRow]:
        found = self._get_many([keys.publication(name) for name in names])
        return {row.publication: row for row in map(items.publication_of, found)}

    def copies(self, owner: str, sha256: str) -> Copies:
        answer = self._call(
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
        item = self._call("get_item", Key=keys.idempotency(name), ConsistentRead=True).get("Item")
        if item is None:
            return None
        expires_at = datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)
        return IdempotencyRow(item["fingerprint"]["S"], item["image_id"]["S"], expires_at)

    def settled(self, names: Collection[str], *, at: datetime) -> set[str]:
        rows = [(row, name) for name in set(names) for row in (keys.idempotency(name), keys.note(name))]
        name_of = {row["pk"]["S"]: name for row, name in rows}
        # DynamoDB removes expired rows late: they count as absent.
        now = int(at.timestamp())
        found = self._get_many([row for row, _ in rows])
        return {name_of[item["pk"]["S"]] for item in found if int(item["ttl"]["N"]) >= now}

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        item = self._call("get_item", Key=keys.sweep(sweep), ConsistentRead=True).get("Item")
        return items.sweep_position_of(item) if item is not None else None

    def usage(self, owner: str) -> Usage:
        item = self._call("get_item", Key=keys.usage(owner), ConsistentRead=True).get("Item")
        if item is None or "images" not in item:  # images may be promised before the first is stored
            return Usage(0, 0)
        return Usage(int(item["images"]["N"]), int(item["size_bytes"]["N"]))

    def publication(self, publication: str) -> PublicationRow | None:
        answer = self._call("get_item", Key=keys.publication(publication), ConsistentRead=True)
        return items.publication_of(answer["Item"]) if "Item" in answer else None

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        found: list[items.Item] = []
        examined = 0
        request = _card_request(query)
        if after is not None:
            request["ExclusiveStartKey"] = _start_key(query, after)
        filtered = "FilterExpression" in request
        while True:
            room = min(MAX_EXAMINED_ROWS - examined, _QUERY_ROWS if filtered else query.limit - len(found))
            answer = self._call("query", **request, Limit=room)
            found += answer["Items"]
            examined += answer["ScannedCount"]
            last = answer.get("LastEvaluatedKey")
            if len(found) > query.limit or (len(found) == query.limit and last):
                page = found[: query.limit]
                return CardPage(tuple(map(items.card_of, page)), page[-1]["id"]["S"])
            if last is None:
                return CardPage(tuple(map(items.card_of, found)), None)
            if examined >= MAX_EXAMINED_ROWS:
                resume = last["sk"]["S"] if query.group else last["id"]["S"]
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
        answer = self._call("query", **request, Limit=limit + 1)
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
        self._call(
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
        answer = self._call(
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
                answer = self._call(
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

    def _get_many(self, wanted: Sequence[keys.Key]) -> Iterator[items.Item]:
        """Read many rows, strongly consistent; what DynamoDB leaves unprocessed is asked for again."""
        give_up_at = self._monotonic() + CONFLICT_RETRY.total_seconds()
        backoff = FIRST_BACKOFF_SECONDS
        left = list(wanted)
        while left:
            batch, left = left[:_BATCH_GET_ROWS], left[_BATCH_GET_ROWS:]
            answer = self._call_batch({self._table: {"Keys": batch, "ConsistentRead": True}})
            yield from answer["Responses"].get(self._table, ())
            unprocessed = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if len(unprocessed) == len(batch):
                if self._monotonic() >= give_up_at:
                    raise unavailable()
                self._sleep(random.uniform(0, backoff))  # noqa: S311 - jitter needs no secrecy
                backoff *= 2
            left += unprocessed

    def _call_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client().batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        return answer

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self._table, **request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        return answer


def _unchanged_parts(image: Image) -> tuple[dict[str, str], dict[str, Any], str]:
    names = {"#version": "version", "#attempt": "attempt", "#state": "state"}
    values = {
        ":version": {"N": str(image.version)},
        ":attempt": {"S": image.attempt},
        ":state": {"S": image.state.value},
    }
    return names, values, "#version = :version AND #attempt = :attempt AND #state = :state"


def _unchanged(image: Image) -> tuple[str, dict[str, str], dict[str, Any]]:
    names, values, condition = _unchanged_parts(image)
    return condition, names, values


def _card_request(query: ListQuery) -> dict[str, Any]:
    if query.group is not None:
        request: dict[str, Any] = {"ConsistentRead": False}
        partition, hash_name, range_name = keys.group(query.owner, query.group), "pk", "sk"
    else:
        request = {"IndexName": "by_owner"}
        partition = keys.trash(query.owner) if query.trashed else keys.live(query.owner)
        hash_name, range_name = "owner_key", "id"
    names = {"#hash": hash_name, "#id": "id", "#card": "card", "#kind": "kind", "#visibility": "visibility"}
    values = {":hash": {"S": partition}}
    condition = "#hash = :hash"
    if query.since is not None or query.until is not None:
        names["#range"] = range_name
        condition += " AND #range BETWEEN :low AND :high"
        values[":low"] = {"S": first_id_at(query.since) if query.since else "0"}
        # No id made at `until` or later sorts below its first id, and no id is equal to it: version bits differ.
        values[":high"] = {"S": first_id_at(query.until) if query.until else "g"}
    filters = {"kind": query.kind, "visibility": query.visibility, "category": query.category}
    wanted = {name: str(value) for name, value in filters.items() if value is not None}
    if wanted:
        request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
        names |= {f"#{name}": name for name in wanted}
        values |= {f":{name}": {"S": value} for name, value in wanted.items()}
    return request | {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.descending,
        "ProjectionExpression": "#id, #card, #kind, #visibility",
    }


def _start_key(query: ListQuery, image_id: str) -> dict[str, Any]:
    if query.group is not None:
        return keys.key(keys.group(query.owner, query.group), image_id)
    partition = keys.trash(query.owner) if query.trashed else keys.live(query.owner)
    return {
        **keys.key(keys.image(image_id), keys.META),
        "owner_key": {"S": partition},
        "id": {"S": image_id},
    }


def _refusal(failed: set[str]) -> Exception:
    if "usage" in failed:
        return QuotaExceeded("Your quota of images or bytes is used up; delete some images for good first.")
    return Conflict("Another request changed this at the same moment; read it again and repeat.")
