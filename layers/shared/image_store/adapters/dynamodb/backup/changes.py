"""Reads from records of the table's stream what a backup has to look at."""

from typing import Any

from image_store.adapters.dynamodb import backup_keys, keys
from image_store.domain.images.image import State

STREAM_PREFIXES = ("KEY#", "SHARE#", "WEBHOOK#", "PROVIDERKEYS#", "GROUPS#", "LEDGER#")
"""Begin the partitions of other rows whose changes the backup follows; a full pass finds those of the rest."""

_STATES = frozenset({State.READY.value, State.TRASHED.value, State.DELETING.value})


def entity_changed(stream_record: dict[str, Any]) -> str | None:
    """The image or row that a stream record is about; None if its change does not matter to a backup.

    A reservation is no image yet, and after DELETING nothing of an image is left to remember.
    """
    stream = stream_record["dynamodb"]
    pk, sk = stream["Keys"]["pk"]["S"], stream["Keys"]["sk"]["S"]
    if keys.image_of_record(stream["Keys"]) is not None:
        row = stream.get("NewImage") or stream.get("OldImage") or {}
        is_known = row.get("state", {}).get("S", State.READY.value) in _STATES
        return backup_keys.entity_of(pk, sk) if is_known else None
    return backup_keys.entity_of(pk, sk) if pk.startswith(STREAM_PREFIXES) else None
