"""The row that says how far a rebuild of the projections has come, and which figures are answered meanwhile."""

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.items import Item, parse_time
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.projection import Rebuild


def rebuild_of(item: Item) -> Rebuild:
    """The state of a rebuild that an item holds."""
    return Rebuild(
        serving=int(item["serving"]["N"]),
        building=int(item["building"]["N"]),
        begins_at=parse_time(item["begins_at"]["S"]) if "begins_at" in item else None,
        after=item["after"]["S"] if "after" in item else None,
        step=int(item["step"]["N"]),
        examined=int(item["examined"]["N"]),
    )


def serving(table: DynamoTable) -> int:
    """The epoch whose figures are answered."""
    item = table.call("get_item", Key=keys.REBUILD).get("Item")
    return (Rebuild() if item is None else rebuild_of(item)).serving
