"""Key strings of webhooks, and of what is sent to them."""

from urllib.parse import quote

from image_store.adapters.dynamodb.keys import Key, key

WEBHOOK = "WEBHOOK"
WEBHOOK_PREFIX = "WEBHOOK#"
DIRECTORY = "WEBHOOKS"
"""The partition that names the webhooks of each owner, and those of scope all, in one row each."""
_OF_ALL = "*"
"""No owner's row has this sort key, since an asterisk is percent-encoded."""


def webhook(webhook_id: str) -> Key:
    """The row of a webhook."""
    return key(f"{WEBHOOK_PREFIX}{webhook_id}", WEBHOOK)


def is_webhook(row: Key) -> bool:
    """Whether the row of a webhook has this key."""
    return row["sk"]["S"] == WEBHOOK and row["pk"]["S"].startswith(WEBHOOK_PREFIX)


def owner_entry(owner: str) -> Key:
    """The row that names the webhooks of an owner."""
    return key(DIRECTORY, quote(owner, safe=""))


ALL_ENTRY = key(DIRECTORY, _OF_ALL)
"""The row that names the webhooks that are told about all owners."""


def turn(webhook_id: str) -> Key:
    """The row with the lease and the position of a webhook."""
    return key(f"WEBHOOKTURN#{webhook_id}", "TURN")


def replay(webhook_id: str) -> Key:
    """The row of the replay that is under way."""
    return key(f"WEBHOOKTURN#{webhook_id}", "REPLAY")


def deliveries(webhook_id: str) -> str:
    """The partition of the deliveries of a webhook."""
    return f"DELIVERIES#{webhook_id}"


def delivery(webhook_id: str, event_id: str) -> Key:
    """The row of a delivery."""
    return key(deliveries(webhook_id), event_id)


def due_deliveries(webhook_id: str) -> str:
    """The partition that lists the pending deliveries of a webhook."""
    return f"DELIVERIESDUE#{webhook_id}"


def due_delivery(webhook_id: str, due_at: str, event_id: str) -> Key:
    """The row that lists a pending delivery by the time at which it is due."""
    return key(due_deliveries(webhook_id), f"{due_at}#{event_id}")
