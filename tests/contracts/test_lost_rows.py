"""Rows that are no images, as a restore writes them again: which come back, which stay away, and what follows (F8)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import backup_keys, caller_keys, generation_keys, keys
from image_store.adapters.dynamodb.backup.lost_rows import DynamoLostRows
from image_store.adapters.dynamodb.backup.rows import SCANNED_PREFIXES, DynamoBackupRows
from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys
from image_store.adapters.dynamodb.delivery.shares import DynamoShares
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.webhooks.registry import DynamoWebhooks
from image_store.domain.errors import BackupDamaged, UnreadableRow
from image_store.domain.upkeep.recovery import RecoveryOutcome
from tests.contracts.test_api_keys import FULL, NEW, NOON
from tests.contracts.test_shares import OF_A_GROUP
from tests.contracts.test_webhooks import ALICES, EVERYTHING_SET, OF_ALL
from tests.fakes.dynamodb import all_items
from tests.fakes.interception import InterceptedClient, lose_response

if TYPE_CHECKING:
    from image_store.adapters.dynamodb.items import Item
    from image_store.domain.backup.lines import Rows
    from tests.contracts.tables import Table

LATER = NOON + timedelta(days=3)
ENTRY = generation_keys.ledger("o", "2026-03", job_id="j", index=0, call_id="c")
DATA_MODEL = (Path(__file__).resolve().parents[2] / "docs" / "data-model.md").read_text()
FOLLOW_FROM_IMAGES = {
    "HASH", "GROUP", "PROJECTION", "[TRASH]TAG", "CATEGORY", "MODEL", "ALIKE", "[TRASH]TERM", "PUBLIC", "STATS",
    "PROJECTIONS", "QUOTA", "USAGE", "PUBLICATION", "MOVED", "OWNERS",
}  # fmt: skip
FOLLOW_FROM_OTHERS = {"SHARES", "KEYS", "WEBHOOKS"}
OF_USE_FOR_DAYS = {
    "RENDER", "RECOVERY", "CLEANUP", "REPAIR", "BACKUP", "BACKUPS", "JOIN", "PROVIDER", "COUNTED", "UPLOADTOKEN",
    "NOTE", "SWEEP", "EVENTS", "WEBHOOKTURN", "DELIVERIES", "DELIVERIESDUE",
}  # fmt: skip
"""Leases, reports, positions of sweeps that begin again, names that are taken for hours, and events of 30 days."""


def row(pk: str, sk: str, **values: str | int) -> Item:
    of = {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
    }
    return keys.key(pk, sk) | {"v": {"N": "1"}} | of


def seconds(days: int) -> int:
    return int((NOON + timedelta(days=days)).timestamp())


PLAIN = [
    row("LEDGER#o#2026-03", "j#00#c", cost=7),
    row("JOB#j", "JOB", version=3),
    row("JOB#j", "ITEM#00", state="stored"),
    row("MIGRATION#m", "MIGRATION", migration='{"status":"succeeded"}'),
    row("MIGRATIONS", "digest", moved=1),
    row("MIGRATED#m", "place", image_id="i"),
    row("IMPORT#m", "IMPORT", **{"import": '{"status":"cancelled"}'}),
    row("IMPORTED#m", "place", record="{}"),
    row("BUDGET#DEPLOYMENT", "2026-03", spent=1),
    row("KEYUSAGE#k", "2026-03-01", images=1),
    row("KEYUSE#k", "2026-03", images=1),
    row("KEYREQUESTS#k", "2026-03-01", requests=1),
    row("GENERATED#ALL", "2026-03-01#openai", succeeded=1),
    row("GROUPS#o", "GROUP#album:ete\tÉté", change="c", group='{"owner":"o"}'),
    row("IDEMPOTENCY#long", "IDEMPOTENCY", ttl=seconds(29)),
]
STAY_AWAY = {
    "an item that was not done": row("JOB#j", "ITEM#00", state="running"),
    "a job with such items": row("JOB#j", "JOB", due_shard="JOB#1"),
    "a migration under way": row("MIGRATION#m", "MIGRATION", migration='{"status":"running"}'),
    "an import under way": row("IMPORT#m", "IMPORT", **{"import": '{"status":"waiting"}'}),
    "a row that has expired": row("LEDGER#o#2026-03", "j#00#c", ttl=seconds(3)),
    "access": row("PROVIDERKEYS#o", "openai", sealed="s"),
}


def lost_rows(table: Table, client: Any = None) -> DynamoLostRows:
    return DynamoLostRows(DynamoTable(table.name, client=lambda: client or table.client))


def restore(
    table: Table, item: Item, *, access: bool = False, dry_run: bool = False, client: Any = None
) -> RecoveryOutcome:
    entity = backup_keys.entity_of(item["pk"]["S"], item["sk"]["S"])
    return lost_rows(table, client).restore(entity, {"ROW": item}, at=LATER, access=access, dry_run=dry_run)


def rows_in(table: Table) -> list[Item]:
    """All rows without what names their last change."""
    items = (
        {name: item[name] for name in item if name != "by"} for item in all_items(table.client, table.name)
    )
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def backed_up(table: Table) -> dict[str, Rows]:
    """What a backup holds of a table, which then loses everything."""
    rows = DynamoBackupRows(DynamoTable(table.name, client=lambda: table.client))
    entities, _ = rows.scan(after=None, at=NOON)
    lines = {entity: source.rows for entity, source in rows.read(entities).items()}
    for item in all_items(table.client, table.name):
        table.client.delete_item(TableName=table.name, Key={"pk": item["pk"], "sk": item["sk"]})
    return lines


def test_every_kind_of_row_is_in_a_backup_or_need_not_be() -> None:
    lines = re.search(r"^\| pk \| sk \|.*\n((?:\|.*\n)+)", DATA_MODEL, re.MULTILINE)
    assert lines is not None
    kinds = {name.split("#")[0] for name in re.findall(r"^\| `([^`]+)`", lines[1], re.MULTILINE)}
    in_backups = {prefix.removesuffix("#") for prefix in SCANNED_PREFIXES} | {"IMAGE", "IDEMPOTENCY"}

    parts = [in_backups, FOLLOW_FROM_IMAGES, FOLLOW_FROM_OTHERS, OF_USE_FOR_DAYS]

    assert set().union(*parts) == kinds
    assert sum(map(len, parts)) == len(kinds)


@pytest.mark.parametrize("item", PLAIN, ids=lambda item: f"{item['pk']['S']} {item['sk']['S']}")
def test_a_row_comes_back_as_it_was_and_once(table: Table, item: Item) -> None:
    table.client.put_item(TableName=table.name, Item=item)
    [(entity, rows)] = backed_up(table).items()
    restoring = lost_rows(table)

    outcomes = [
        restoring.restore(entity, rows, at=LATER, access=False, dry_run=dry_run)
        for dry_run in (True, False, False)
    ]

    assert outcomes == [RecoveryOutcome.ROWS, RecoveryOutcome.ROWS, RecoveryOutcome.ALREADY_THERE]
    assert rows_in(table) == [item]


@pytest.mark.parametrize("name", STAY_AWAY)
def test_what_would_be_done_again_or_has_ended_stays_away(table: Table, name: str) -> None:
    assert restore(table, STAY_AWAY[name]) is RecoveryOutcome.ROWS_LEFT_OUT
    assert rows_in(table) == []


def test_api_keys_and_shares_come_back_with_the_rows_that_list_them(table: Table) -> None:
    in_table = DynamoTable(table.name, client=lambda: table.client)
    for key in (NEW, FULL):
        DynamoApiKeys(in_table).create(key)
    DynamoShares(in_table).create(OF_A_GROUP)
    before = rows_in(table)
    lines = backed_up(table)
    restoring = lost_rows(table)

    left_out, *written = (
        {
            restoring.restore(entity, rows, at=NOON, access=access, dry_run=False)
            for entity, rows in lines.items()
        }
        for access in (False, True, True)
    )

    assert left_out == {RecoveryOutcome.ROWS_LEFT_OUT}
    assert written == [{RecoveryOutcome.ROWS}, {RecoveryOutcome.ALREADY_THERE}]
    assert rows_in(table) == before
    assert DynamoShares(in_table).get(OF_A_GROUP.id) == OF_A_GROUP
    assert DynamoApiKeys(in_table).get(FULL.id) == FULL


def test_webhooks_come_back_with_their_directory_and_hear_about_what_happens_from_then_on(
    table: Table,
) -> None:
    in_table = DynamoWebhooks(DynamoTable(table.name, client=lambda: table.client))
    webhooks = [ALICES, EVERYTHING_SET, OF_ALL]
    for webhook in webhooks:
        in_table.create(webhook)
    before = [row for row in rows_in(table) if row["pk"]["S"] == "WEBHOOKS"]
    lines = backed_up(table)
    restoring = lost_rows(table)

    left_out, *written = (
        {
            restoring.restore(entity, rows, at=LATER, access=access, dry_run=False)
            for entity, rows in lines.items()
        }
        for access in (False, True, True)
    )

    assert left_out == {RecoveryOutcome.ROWS_LEFT_OUT}
    assert written == [{RecoveryOutcome.ROWS}, {RecoveryOutcome.ALREADY_THERE}]
    assert [row for row in rows_in(table) if row["pk"]["S"] == "WEBHOOKS"] == before
    for webhook in webhooks:
        assert in_table.get(webhook.id) == replace(webhook, active_since=LATER)


def test_a_webhook_that_was_deleted_stays_away(table: Table) -> None:
    in_table = DynamoWebhooks(DynamoTable(table.name, client=lambda: table.client))
    in_table.create(ALICES)
    in_table.remove(ALICES, at=LATER)
    [row] = [row for row in rows_in(table) if row["pk"]["S"] != "WEBHOOKS"]
    backed_up(table)

    assert restore(table, row, access=True) is RecoveryOutcome.ROWS_LEFT_OUT
    assert rows_in(table) == []


def test_a_call_of_an_api_key_is_not_counted_again(table: Table) -> None:
    entry = row(ENTRY["pk"]["S"], ENTRY["sk"]["S"], api_key="k", cost=7)

    assert restore(table, entry) is RecoveryOutcome.ROWS

    assert [item["pk"] for item in rows_in(table)] == [
        caller_keys.counted_use(ENTRY["sk"]["S"])["pk"],
        entry["pk"],
    ]


def test_a_row_that_is_there_stays_as_it_is(table: Table) -> None:
    newer = row("BUDGET#DEPLOYMENT", "2026-03", spent=9)
    table.client.put_item(TableName=table.name, Item=newer)

    assert restore(table, row("BUDGET#DEPLOYMENT", "2026-03", spent=1)) is RecoveryOutcome.ALREADY_THERE

    assert rows_in(table) == [newer]


def test_a_lost_response_is_settled_by_a_read(table: Table) -> None:
    client = InterceptedClient(table.client, transact_write_items=lose_response)

    assert restore(table, PLAIN[0], client=client) is RecoveryOutcome.ROWS

    assert rows_in(table) == [PLAIN[0]]


@pytest.mark.parametrize(
    ("entity", "rows"),
    [
        ("row:LEDGER#o#m|another", {"ROW": PLAIN[0]}),
        ("row:CLEANUP|LEASE", {"ROW": row("CLEANUP", "LEASE")}),
        ("row:GROUP#o#a:1|i", {"ROW": row("GROUP#o#a:1", "i")}),
    ],
    ids=["of another name", "of no backup", "that follows from an image"],
)
def test_a_line_that_no_backup_writes_is_damage(table: Table, entity: str, rows: Rows) -> None:
    with pytest.raises(BackupDamaged):
        lost_rows(table).restore(entity, rows, at=LATER, access=True, dry_run=False)

    assert rows_in(table) == []


@pytest.mark.parametrize(
    ("entity", "item"),
    [
        ("row:LEDGER#o#m|c", {}),
        ("row:LEDGER#o#m|c", row("LEDGER#o#m", "c") | {"v": {"N": "99"}}),
        ("row:MIGRATION#m|MIGRATION", row("MIGRATION#m", "MIGRATION", migration="no JSON")),
    ],
    ids=["without a key", "of a later version", "without a status"],
)
def test_a_row_that_cannot_be_read_is_refused(table: Table, entity: str, item: Item) -> None:
    with pytest.raises(UnreadableRow):
        lost_rows(table).restore(entity, {"ROW": item}, at=LATER, access=True, dry_run=False)

    assert rows_in(table) == []
