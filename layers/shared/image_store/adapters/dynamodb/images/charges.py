"""Charges counters in the transaction of a reservation."""

from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb.keys import Key
from image_store.domain.images.reservation import Charge, Counter


def charge_write(table: str, charge: Charge) -> dict[str, Any]:
    """The write that charges a counter, on the condition that its row exists and has room."""
    conditions = ["attribute_exists(pk)"]
    values = {":images": charge.images, ":size_bytes": charge.size_bytes}
    if charge.max_images is not None:
        conditions.append("images <= :image_room")
        values[":image_room"] = charge.max_images - charge.images
    if charge.max_bytes is not None:
        conditions.append("size_bytes <= :byte_room")
        values[":byte_room"] = charge.max_bytes - charge.size_bytes
    return {
        "Update": {
            "TableName": table,
            "Key": counter_key(charge.counter),
            "UpdateExpression": "ADD images :images, size_bytes :size_bytes",
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeValues": {name: {"N": str(number)} for name, number in values.items()},
        }
    }


def counter_key(counter: Counter) -> Key:
    """The row of a counter: of an upload token, the only kind."""
    return keys.upload_token(counter.id)
