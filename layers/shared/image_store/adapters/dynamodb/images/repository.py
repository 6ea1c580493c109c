"""Reads and writes image records.

All writes are conditional transactions. Their condition names the version that the writer read, so one of two
concurrent writers fails and changes nothing. If the response to a write is lost, a strongly consistent read decides:
the row has the name of the change that made it (`change`), and a name is used once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.delivery import publication_items
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable, OnTable, refused, unavailable
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.images.image import Image, ImageRecord, RecordsById, State
from image_store.domain.images.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from image_store.adapters.dynamodb.images.usage_rows import UsageRows
    from image_store.domain.delivery.publication import PublicationRow
    from image_store.domain.images.reservation import Reservation


_CHARGE = "charge "
_RECOVERY_TRIES = 5


class _GuardIsTaken(Exception):
    """Another image holds the guard of the checksum."""


class _ListsHaveChanged(Exception):
    """A consumer of the stream has projected the image since it was read."""


class DynamoRepository(OnTable):
    """ImageRepository on one DynamoDB table.

    `actor` returns the actor of a change. Every change is signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    # Writes -------------------------------------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> None:
        record = reservation.image.record
        writes: list[tuple[str, dict[str, Any]]] = []
        if record.counted:
            writes.append(("usage", self._usage.take(record, reservation.quota)))
        for (_, sort_key), item in records.rows_of(reservation.image).items():
            row = item | records.signature(record, self._actor()) if sort_key == keys.META else item
            writes.append(("guard" if sort_key == keys.GUARD else "record", self._create(row)))
        if reservation.idempotency is not None:
            item = {
                **keys.idempotency(reservation.idempotency.name),
                "fingerprint": {"S": reservation.idempotency.fingerprint},
                "image_id": {"S": record.id},
                "ttl": {"N": str(int(reservation.idempotency_expires_at.timestamp()))},
            }
            # DynamoDB removes expired rows up to two days late, so an expired row counts as absent.
            write = self._put(
                item,
                "attribute_not_exists(pk) OR #ttl < :now",
                names={"#ttl": "ttl"},
                values={":now": {"N": str(int(record.updated_at.timestamp()))}},
            )
            writes.append(("idempotency", write))
        if reservation.publication is not None:
            writes.append(
                ("publication", self._keep(publication_items.publication_item(reservation.publication)))
            )
        for number, charge in enumerate(reservation.charges):
            from image_store.adapters.dynamodb.images.charges import (
                charge_write,  # most uploads charge nothing
            )

            writes.append((f"{_CHARGE}{number}", charge_write(self._rows.name, charge)))

        def refusal(failed: set[str]) -> Exception:
            # Another request with the same key or bytes may have used the last of a counter: its image decides.
            if failed.isdisjoint({"guard", "idempotency"}):
                for number, charge in enumerate(reservation.charges):
                    if f"{_CHARGE}{number}" in failed:
                        return charge.refusal
            return _refusal(failed)

        self._rows.transact(writes, settled=lambda: self._is_mine(record), refusal=refusal)

    def replace(
        self,
        before: Image,
        after: Image,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        old, new = records.rows_of(before), records.rows_of(after)
        for item in map(publication_items.publication_item, publications):
            new[item["pk"]["S"], item["sk"]["S"]] = item
        writes: list[tuple[str, dict[str, Any]]] = []
        for row_key, item in new.items():
            if row_key[1] == keys.META:
                signed = item | records.signature(after.record, self._actor())
                if after.record.is_visible:
                    signed |= records.edited(before.details, after.details)
                writes.append(("record", self._put(signed, *_unchanged(before.record))))
            elif item != old.get(row_key):
                is_publication = row_key[1] == keys.PUBLICATION
                writes.append(("row", self._keep(item) if is_publication else self._put(item)))
        writes += [("row", self._delete(*row_key)) for row_key in old.keys() - new.keys()]
        if after.record.state is State.DELETING:
            if before.record.counted:
                writes.append(("usage", self._usage.give_back(before.record)))
            if before.record.state is State.PENDING and before.record.idempotency is not None:
                row = keys.idempotency(before.record.idempotency)
                writes.append(("idempotency", {"Delete": {"TableName": self._rows.name, "Key": row}}))
        self._rows.transact(writes, settled=lambda: self._is_mine(after.record), refusal=_refusal)

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        names, values, condition = _unchanged_parts(before)
        attributes = {
            "record": {"S": records.record_text(after)},
            "amendment": {"S": after.amendment},
            **records.signature(after, self._actor()),
        }
        update = {
            "TableName": self._rows.name,
            "Key": keys.record(before.id),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names | {f"#{name}": name for name in attributes},
            "ExpressionAttributeValues": values | {f":{name}": value for name, value in attributes.items()},
        }
        self._rows.transact([("record", {"Update": update})], settled=lambda: self._is_amended(after))

    def forget(self, image: Image) -> None:
        names, values, condition = _unchanged_parts(image.record)
        meta = {
            "TableName": self._rows.name,
            "Key": keys.record(image.record.id),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._rows.transact(
            [("record", {"Delete": meta})], settled=lambda: self.get_record(image.record.id) is None
        )

    def recover(self, image: Image) -> Image:
        for _ in range(_RECOVERY_TRIES):
            item = self._rows.call("get_item", Key=keys.projection(image.record.id), ConsistentRead=True).get(
                "Item"
            )
            seen = int(item["version"]["N"]) + 1 if item is not None else 0
            whole = replace(image, record=replace(image.record, version=max(image.record.version, seen)))
            try:
                self._recover(whole, item)
            except _GuardIsTaken:
                image = replace(image, record=replace(image.record, guarded=False))
            except _ListsHaveChanged:
                continue
            else:
                return whole
        raise unavailable()

    def _recover(self, image: Image, projection: items.Item | None) -> None:
        record = image.record
        writes: list[tuple[str, dict[str, Any]]] = [
            ("projection", self._check_projection(record.id, projection))
        ]
        if record.counted:
            writes.append(("usage", self._usage.take(record, Quota().without_refusals())))
        for (_, sort_key), item in records.rows_of(image).items():
            row = item | records.signature(record, self._actor()) if sort_key == keys.META else item
            if sort_key == keys.PUBLICATION:
                # A lost image may have left the row of its publication, with copies that other writers announced.
                writes.append(("publication", self._keep(row)))
                continue
            names = {keys.META: "record", keys.GUARD: "guard"}
            # Rows of lists and groups may be left of a lost record; they belong to this image alone.
            is_unique = sort_key in names
            writes.append((names.get(sort_key, "row"), self._create(row) if is_unique else self._put(row)))

        def refusal(failed: set[str]) -> Exception:
            if "record" in failed:
                return _refusal(failed)
            return _GuardIsTaken() if "guard" in failed else _ListsHaveChanged()

        self._rows.transact(writes, settled=lambda: self._is_mine(record), refusal=refusal)

    def _check_projection(self, image_id: str, projection: items.Item | None) -> dict[str, Any]:
        """Check that no consumer of the stream has projected another version meanwhile."""
        check: dict[str, Any] = {"TableName": self._rows.name, "Key": keys.projection(image_id)}
        if projection is None:
            return {"ConditionCheck": {**check, "ConditionExpression": "attribute_not_exists(pk)"}}
        values = {":revision": projection["revision"]}
        check |= {"ConditionExpression": "revision = :revision", "ExpressionAttributeValues": values}
        return {"ConditionCheck": check}

    def ended(self, versions: Mapping[str, int]) -> set[str]:
        rows = {
            keys.image_of_projection(row["pk"]["S"]): row
            for row in self._rows.get_many([keys.projection(image_id) for image_id in versions])
        }
        # A record that only got lost leaves its last version there; its deletion had a version of its own.
        return {
            image_id
            for image_id, row in rows.items()
            if "facts" not in row and int(row["version"]["N"]) > versions[image_id]
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
        put: dict[str, Any] = {"TableName": self._rows.name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if names:
            put["ExpressionAttributeNames"] = names
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _keep(self, publication: items.Item) -> dict[str, Any]:
        """Update the row of a publication; it keeps copies that other writers have announced since it was read."""
        update: dict[str, Any] = {
            "TableName": self._rows.name,
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
        return {"Delete": {"TableName": self._rows.name, "Key": keys.key(pk, sk)}}

    def _is_mine(self, record: ImageRecord) -> bool:
        stored = self.get_record(record.id)
        return stored is not None and stored.change == record.change

    def _is_amended(self, record: ImageRecord) -> bool:
        stored = self.get_record(record.id)
        return stored is not None and stored.amendment == record.amendment

    @cached_property
    def _usage(self) -> UsageRows:
        # Functions that only read do not load it.
        from image_store.adapters.dynamodb.images.usage_rows import UsageRows

        return UsageRows(self._rows)

    # Reads --------------------------------------------------------------------------------------------

    def get(self, image_id: str) -> Image | None:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.image(image_id)}},
            ConsistentRead=True,
        )
        return records.image_of(answer["Items"])

    def get_record(self, image_id: str) -> ImageRecord | None:
        answer = self._rows.call("get_item", Key=keys.record(image_id), ConsistentRead=True)
        return records.record_of(answer["Item"]) if "Item" in answer else None

    def get_records(self, image_ids: Collection[str]) -> RecordsById:
        page = records.records_of(self._rows.get_many([keys.record(image_id) for image_id in image_ids]))
        by_id = RecordsById()
        by_id.update({record.id: record for record in page})
        by_id.unreadable = page.unreadable
        return by_id


def _unchanged_parts(record: ImageRecord) -> tuple[dict[str, str], dict[str, Any], str]:
    names = {"#version": "version", "#attempt": "attempt", "#state": "state"}
    values = {
        ":version": {"N": str(record.version)},
        ":attempt": {"S": record.attempt},
        ":state": {"S": record.state.value},
    }
    condition = "#version = :version AND #attempt = :attempt AND #state = :state AND "
    if record.amendment is None:
        return names, values, condition + "attribute_not_exists(amendment)"
    values[":amended"] = {"S": record.amendment}
    return names, values, condition + "amendment = :amended"


def _unchanged(record: ImageRecord) -> tuple[str, dict[str, str], dict[str, Any]]:
    names, values, condition = _unchanged_parts(record)
    return condition, names, values


def _refusal(failed: set[str]) -> Exception:
    if "usage" in failed:
        from image_store.adapters.dynamodb.images.usage_rows import used_up

        return used_up()
    return refused(failed)
