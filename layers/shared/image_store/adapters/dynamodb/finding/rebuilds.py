"""Reads the row of a rebuild; a module of its own, as uploads read the served epoch without loading projections."""

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.items import Item, parse_time
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.projection import Rebuild


def rebuild_of(item: Item) -> Rebuild:
    """The rebuild in an item, which stores the epochs as `serving` and `building`."""
    return Rebuild(
        served_epoch=int(item["serving"]["N"]),
        new_epoch=int(item["building"]["N"]),
        begins_at=parse_time(item["begins_at"]["S"]) if "begins_at" in item else None,
        after=item["after"]["S"] if "after" in item else None,
        step=int(item["step"]["N"]),
        examined=int(item["examined"]["N"]),
    )


def served_epoch(table: DynamoTable) -> int:
    """The epoch whose figures are answered."""
    item = table.call("get_item", Key=keys.REBUILD).get("Item")
    return (Rebuild() if item is None else rebuild_of(item)).served_epoch
