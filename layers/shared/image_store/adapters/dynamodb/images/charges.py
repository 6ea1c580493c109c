"""Charges counters in a transaction, such as that of a reservation."""

from datetime import timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb.keys import Key
from image_store.domain.images.reservation import Charge, Counter, CounterKind

_KEPT_AFTER_END = timedelta(days=2)


def charge_write(table: str, charge: Charge) -> dict[str, Any]:
    """The write that charges a counter, on the condition that it has room.

    The counter of an upload token has to exist. That of an API key begins with the first charge of its period.
    """
    rooms = {}
    if charge.max_images is not None:
        rooms["images"] = charge.max_images - charge.images
    if charge.max_bytes is not None:
        rooms["size_bytes"] = charge.max_bytes - charge.size_bytes
    numbers = {":images": charge.images, ":size_bytes": charge.size_bytes}
    numbers |= {f":room_{name}": room for name, room in rooms.items()}
    update: dict[str, Any] = {
        "TableName": table,
        "Key": counter_key(charge.counter),
        "UpdateExpression": "ADD images :images, size_bytes :size_bytes",
    }
    if charge.counter.kind is CounterKind.UPLOAD_TOKEN:
        conditions = ["attribute_exists(pk)", *(f"{name} <= :room_{name}" for name in rooms)]
    else:
        conditions = [f"(attribute_not_exists({name}) OR {name} <= :room_{name})" for name in rooms]
        numbers[":ttl"] = int((charge.ends_at + _KEPT_AFTER_END).timestamp())
        update["UpdateExpression"] += " SET #ttl = if_not_exists(#ttl, :ttl)"
        update["ExpressionAttributeNames"] = {"#ttl": "ttl"}
    update["ConditionExpression"] = " AND ".join(conditions)
    update["ExpressionAttributeValues"] = {name: {"N": str(number)} for name, number in numbers.items()}
    return {"Update": update}


def counter_key(counter: Counter) -> Key:
    """The row of a counter."""
    if counter.kind is CounterKind.UPLOAD_TOKEN:
        return keys.upload_token(counter.id)
    return keys.key_counter(counter.id, counter.period)
