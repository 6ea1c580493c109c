"""Writes the rows of a backup that the table lost.

Each is written on the condition that there is none, so what the table has stays as it is. Four kinds are written with
others: API keys, shares and webhooks with the rows that list them, and ledger entries with the row that says that they
are counted, because the stream would count them again.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import (
    backup_keys,
    caller_keys,
    generation_keys,
    keys,
    schema,
    webhook_keys,
)
from image_store.adapters.dynamodb.backup.rows import ROW, SCANNED_PREFIXES
from image_store.adapters.dynamodb.callers.api_keys import key_of
from image_store.adapters.dynamodb.callers.key_usage import COUNTED_FOR
from image_store.adapters.dynamodb.delivery.shares import share_of
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.items import Item, signature_of, text_time
from image_store.adapters.dynamodb.listed_rows import OnListedRows
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.webhooks.registry import DynamoWebhooks, webhook_item, webhook_of
from image_store.domain.backup.lines import Rows
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.errors import BackupDamaged, Conflict
from image_store.domain.images.image import Image
from image_store.domain.upkeep.recovery import RecoveryOutcome
from image_store.domain.webhooks.webhook import Webhook
from image_store.ports.backup import LostRows

_KEYS, _SHARES, _PROVIDER_KEYS = "KEY#", "SHARE#", "PROVIDERKEYS#"
_ACCESS = (_KEYS, _SHARES, _PROVIDER_KEYS, webhook_keys.WEBHOOK_PREFIX)
_IDEMPOTENCY = "IDEMPOTENCY#"
_OPEN_ITEMS = frozenset({"queued", "running"})
_MOVES = {"MIGRATION#": "migration", "IMPORT#": "import"}
"""The partitions of migrations and imports, and the attribute that says whether one is under way."""
_OPEN_MOVES = frozenset({"queued", "running", "waiting"})


class DynamoLostRows(OnListedRows, LostRows):
    """LostRows in the one table.

    `actor` returns the actor of a change. API keys, shares and webhooks are signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def image_of(self, rows: Rows) -> Image:
        image = records.image_of([dict(item) for item in _items(rows)])
        if image is None:
            raise _damaged()
        return image

    def lets_callers_in(self, entity: str) -> bool:
        return backup_keys.row_of(entity)["pk"]["S"].startswith(_ACCESS)

    def restore(
        self, entity: str, rows: Rows, *, at: datetime, access: bool, dry_run: bool
    ) -> RecoveryOutcome:
        item = dict(rows.get(ROW, {}))
        pk, sk = _names(item)
        if backup_keys.entity_of(pk, sk) != entity or not pk.startswith((*SCANNED_PREFIXES, _IDEMPOTENCY)):
            raise _damaged()
        schema.version_of(item)
        if (
            _expiry(item) <= at.timestamp()
            or _would_run_again(item)
            or _is_deleted_webhook(item)
            or (self.lets_callers_in(entity) and not access)
        ):
            return RecoveryOutcome.ROWS_LEFT_OUT
        row_key = keys.key(pk, sk)
        if self._item(row_key) is not None:
            return RecoveryOutcome.ALREADY_THERE
        if not dry_run:
            try:
                self._write(item, at)
            except Conflict:  # another writer was first
                return RecoveryOutcome.ALREADY_THERE
        return RecoveryOutcome.ROWS

    def _write(self, item: Item, at: datetime) -> None:
        pk, sk = _names(item)
        if pk.startswith(_KEYS):
            key = key_of(item)
            self._create(item | signature_of(self._actor()), caller_keys.listed_api_key(key.owner, key.id))
        elif pk.startswith(_SHARES):
            share = share_of(item)
            place = caller_keys.listed_share(share.owner, text_time(share.created_at), share.id)
            self._create(item | signature_of(self._actor()), place)
        elif pk.startswith(webhook_keys.WEBHOOK_PREFIX):
            self._write_webhook(webhook_of(item), at)
        else:
            is_new = {"ConditionExpression": "attribute_not_exists(pk)"}
            writes = [("row", {"Put": {"TableName": self._rows.name, "Item": item, **is_new}})]
            if pk.startswith(generation_keys.LEDGER_PREFIX) and "api_key" in item:
                counted = {
                    **caller_keys.counted_use(sk),
                    "ttl": {"N": str(int((at + COUNTED_FOR + _STREAM_LAG).timestamp()))},
                }
                writes.append(("counted", {"Put": {"TableName": self._rows.name, "Item": counted}}))
            self._rows.transact(writes, settled=lambda: self._item(keys.key(pk, sk)) == item)

    def _write_webhook(self, webhook: Webhook, at: datetime) -> None:
        """Restore a webhook. It hears about what happens from now on: its endpoint knows what happened before."""
        restored = replace(webhook, active_since=at)
        item = webhook_item(restored) | signature_of(self._actor())
        DynamoWebhooks(self._rows).put_new(item, restored, limit=None)


_STREAM_LAG = timedelta(days=1)
"""How long a record of the stream may wait before its consumer sees it."""


@schema.reading
def _names(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _items(rows: Rows) -> list[Mapping[str, Any]]:
    """The rows of an image; BackupDamaged if they are not of one image."""
    partitions = {_names(dict(item))[0] for item in rows.values()}
    if len(partitions) != 1 or not rows.keys() <= {keys.META, keys.DETAIL}:
        raise _damaged()
    return list(rows.values())


@schema.reading
def _expiry(item: Item) -> float:
    """When a row expires, in seconds since 1970."""
    return int(item["ttl"]["N"]) if "ttl" in item else math.inf


@schema.reading
def _would_run_again(item: Item) -> bool:
    """Whether a row is that of work that was not done when it was backed up: it would be done, and paid, again."""
    pk, sk = _names(item)
    if pk.startswith(generation_keys.JOB_PREFIX):
        if generation_keys.is_job_item(sk):
            return item["state"]["S"] in _OPEN_ITEMS
        return "due_shard" in item
    for prefix, attribute in _MOVES.items():
        if pk.startswith(prefix):
            return json.loads(item[attribute]["S"])["status"] in _OPEN_MOVES
    return False


def _is_deleted_webhook(item: Item) -> bool:
    """Whether a row is that of a webhook that was deleted shortly before it was backed up."""
    return item["pk"]["S"].startswith(webhook_keys.WEBHOOK_PREFIX) and webhook_of(item).deleted_at is not None


def _damaged() -> BackupDamaged:
    return BackupDamaged("A line of the backup is not what a backup writes.")
