"""Rows of dropped objects that were not stored, beside the rows of their idempotency keys."""

from collections.abc import Collection
from datetime import datetime

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.expiries import expiry_of
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.images.ingest import SweepPosition, VersionPosition, is_note_valid
from image_store.ports.images import IngestNotes


class DynamoIngestNotes(OnTable, IngestNotes):
    """IngestNotes in the one table."""

    def find_settled(self, names: Collection[str], *, at: datetime) -> set[str]:
        rows = [(row, name) for name in set(names) for row in (keys.idempotency(name), keys.note(name))]
        name_of = {row["pk"]["S"]: name for row, name in rows}
        # DynamoDB removes expired rows late: they count as absent.
        present = self._rows.get_many([row for row, _ in rows])
        return {name_of[item["pk"]["S"]] for item in present if _is_valid(item, at)}

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        expiry = {"ttl": {"N": str(int(expires_at.timestamp()))}}
        self._rows.call("put_item", Item={**keys.note(name), "what": {"S": what}, **expiry})

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        item = self._rows.call("get_item", Key=keys.sweep(sweep), ConsistentRead=True).get("Item")
        return _sweep_position_of(item) if item is not None else None

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        self._rows.call("put_item", Item=_sweep_item(sweep, position))


def _is_valid(item: items.Item, at: datetime) -> bool:
    """Whether an idempotency row or a note is still valid."""
    if "what" in item:
        return is_note_valid(item["what"]["S"], expiry_of(item), at)
    return expiry_of(item) >= at.replace(microsecond=0)


def _sweep_item(sweep: str, position: SweepPosition) -> items.Item:
    """The item of a sweep position."""
    after = position.after
    where = {"key": {"S": after.key}, "version": {"S": after.version}} if after is not None else {}
    return {**keys.sweep(sweep), "not_before": {"S": items.text_time(position.not_before)}, **where}


def _sweep_position_of(item: items.Item) -> SweepPosition:
    """The sweep position in an item."""
    after = VersionPosition(item["key"]["S"], item["version"]["S"]) if "key" in item else None
    return SweepPosition(after, items.parse_time(item["not_before"]["S"]))
