"""Key strings of the rows of restores and rebuilds."""

from image_store.adapters.dynamodb.keys import Key, key

CLEANUP_HOLD = key("CLEANUP", "HOLD")
"""The row that forbids cleanup while images are being restored."""

_RECOVERY_PREFIX = "RECOVERY#"


def recovery(recovery_id: str) -> Key:
    """The row of a restore or a rebuild."""
    return key(f"{_RECOVERY_PREFIX}{recovery_id}", "RECOVERY")


def id_of_recovery(pk: str) -> str:
    """The restore or rebuild in a partition key."""
    return pk.removeprefix(_RECOVERY_PREFIX)
