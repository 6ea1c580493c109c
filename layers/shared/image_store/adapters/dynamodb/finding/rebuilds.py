"""Converts the row of a rebuild, and reads the served epoch.

A module of its own, because uploads under a quota read the epoch and must not load projections.
"""

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.items import Item, parse_time, text_time
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


def rebuild_item(rebuild: Rebuild) -> Item:
    """The item of a rebuild, as `rebuild_of` reads it."""
    item: Item = {
        **keys.REBUILD,
        "serving": {"N": str(rebuild.served_epoch)},
        "building": {"N": str(rebuild.new_epoch)},
        "step": {"N": str(rebuild.step)},
        "examined": {"N": str(rebuild.examined)},
    }
    if rebuild.begins_at is not None:
        item["begins_at"] = {"S": text_time(rebuild.begins_at)}
    if rebuild.after is not None:
        item["after"] = {"S": rebuild.after}
    return item


def served_epoch(table: DynamoTable) -> int:
    """The epoch whose figures are answered."""
    item = table.call("get_item", Key=keys.REBUILD).get("Item")
    return (Rebuild() if item is None else rebuild_of(item)).served_epoch
