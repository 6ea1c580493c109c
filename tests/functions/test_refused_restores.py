"""A restore that was refused leaves cleanup as it was; one that stops midway says what it did, and cleanup waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import recovery_keys
from image_store.services.upkeep.recovery import from_backup
from image_store.services.upkeep.recovery.manifest_lines import check_changes
from tests.functions.backups import BackedUp
from tests.functions.test_restore import lose_table, restored

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.backup.manifest import Manifest
    from image_store.services.backup.library import BackupLibrary
    from tests.functions.deployment import Deployment

REFUSALS: list[dict[str, Any]] = [
    {"manifest": "019ca945-0a00-7000-8000-0000000000ff"},
    {"stack": "another"},
    {"image_id": "019ca945-0a00-7000-8000-0000000000ff"},
]


@pytest.fixture
def backed_up(deployed: Callable[..., Deployment]) -> BackedUp:
    backed_up = BackedUp(deployed)
    for name in ("upload/raw", "upload/public", "upload/raw"):
        backed_up.store.answer_to(name)
        backed_up.on_schedule()
    return backed_up


def is_held(backed_up: BackedUp) -> bool:
    """Whether cleanup waits for a restore."""
    answer = backed_up.store.client.get_item(
        TableName=backed_up.store.table, Key=recovery_keys.CLEANUP_HOLD, ConsistentRead=True
    )
    return "Item" in answer


@pytest.mark.parametrize("options", REFUSALS, ids=str)
def test_cleanup_does_not_wait_after_a_refusal(backed_up: BackedUp, options: dict[str, Any]) -> None:
    lose_table(backed_up)

    done = restored(backed_up, **options)

    assert (done["status"], done["progress"]["failed"]) == ("failed", 1)
    assert not is_held(backed_up)


@pytest.mark.parametrize("options", REFUSALS, ids=str)
def test_a_refusal_after_a_restore_with_failures_leaves_cleanup_waiting(
    backed_up: BackedUp, options: dict[str, Any]
) -> None:
    lose_table(backed_up)
    backed_up.store.private_bucket.objects.clear()
    lost = next(key for key in backed_up.bucket.objects if key.startswith("image-store/objects/"))
    del backed_up.bucket.objects[lost]
    failed = restored(backed_up)

    restored(backed_up, **options)

    assert failed["progress"]["failed"] == 1
    assert is_held(backed_up)


def test_a_restore_that_stops_midway_keeps_its_counts_and_cleanup_waits(
    backed_up: BackedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_and_lose(library: BackupLibrary, manifest: Manifest) -> None:
        check_changes(library, manifest)
        del backed_up.bucket.objects[manifest.change_files[0].key]

    monkeypatch.setattr(f"{from_backup.__name__}.check_changes", check_and_lose)
    lose_table(backed_up)

    done = restored(backed_up)

    assert (done["status"], done["progress"]["failed"]) == ("failed", 1)
    assert 0 < done["progress"]["images"] < 3
    assert done["errors"][0]["code"] == "backup_damaged"
    assert is_held(backed_up)
