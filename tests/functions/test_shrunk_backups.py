"""What a backup must not forget or claim: a loss is confirmed with its number, and a late index hides nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.backups import RUN_TIME, BackedUp
from tests.functions.deployment import IMAGE_ID, Deployment, event
from tests.functions.test_restore import lose_table

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = f"image:{IMAGE_ID}"


@pytest.fixture
def backed_up(deployed: Callable[..., Deployment]) -> BackedUp:
    return BackedUp(deployed)


class HiddenNotes:
    """A client of a table whose index `due` is behind, as an eventually consistent one may be."""

    def __init__(self, client: Any) -> None:
        self.is_hiding = True
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        """Read, and nothing of the index."""
        if self.is_hiding and request.get("IndexName") == "due":
            return {"Items": []}
        return self._client.query(**request)


def test_a_table_that_lost_most_images_does_not_replace_the_base(backed_up: BackedUp) -> None:
    upload = event("upload/raw")
    for _ in range(20):
        assert backed_up.store.call(upload, function="upload").status == 201
    backed_up.on_schedule()
    good = backed_up.manifest
    for item in backed_up.rows().values():
        for row in item.values():
            key = {name: row[name] for name in ("pk", "sk")}
            backed_up.store.client.delete_item(TableName=backed_up.store.table, Key=key)

    backed_up.store.set_clock.instant += timedelta(days=7)
    report = backed_up.on_schedule()
    kept_base = backed_up.manifest.base
    unconfirmed = backed_up.begin("admin/backup-full")
    confirmed = backed_up.begin("admin/backup-accept-loss")

    assert (report["status"], report["stopped_because"], kept_base) == ("failed", "shrunk", good.base)
    assert (report["base_images_before"], report["base_images"]) == (20, 0)
    assert unconfirmed["stopped_because"] == "shrunk"
    assert (confirmed["status"], backed_up.manifest.base_images) == ("succeeded", 0)


def test_a_loss_that_is_larger_than_the_accepted_one_is_no_new_base(backed_up: BackedUp) -> None:
    upload = event("upload/raw")
    for _ in range(21):
        assert backed_up.store.call(upload, function="upload").status == 201
    backed_up.on_schedule()
    good = backed_up.manifest
    lose_table(backed_up)

    report = backed_up.begin("admin/backup-accept-loss")  # 20

    assert (report["stopped_because"], report["base_images_before"], report["base_images"]) == (
        "shrunk",
        21,
        0,
    )
    assert backed_up.manifest == good


def test_a_manifest_does_not_claim_what_the_index_of_changes_may_not_show_yet(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("update/details")
    backed_up.follow()
    noted_at = backed_up.store.set_clock.instant
    hidden = HiddenNotes(backed_up.store.client)
    backed_up.store.client = hidden
    backed_up.store.set_clock.instant += timedelta(seconds=59)
    backed_up.store.invoke("backup", event("backup/schedule"), context=RUN_TIME)
    blind = backed_up.manifest

    hidden.is_hiding = False
    backed_up.on_schedule()

    assert blind.as_of < noted_at
    assert backed_up.manifest.as_of < backed_up.store.set_clock.instant
    assert backed_up.lines()[IMAGE].rows["DETAIL"] == backed_up.rows()[IMAGE]["DETAIL"]


def test_a_lost_table_never_empties_the_backup(backed_up: BackedUp) -> None:
    """The table loses the state of the backup too, and a store of any size counts then."""
    for name in ("upload/raw", "upload/public"):
        backed_up.store.answer_to(name)
    backed_up.on_schedule()
    copies, good = backed_up.copies(), backed_up.manifest
    lose_table(backed_up)

    for days in (1, 40, 40):
        backed_up.store.set_clock.instant += timedelta(days=days)
        report = backed_up.on_schedule()
        assert (report["status"], report["stopped_because"]) == ("failed", "shrunk")

    assert (backed_up.copies(), backed_up.manifest) == (copies, good)
    assert backed_up.begin("admin/backup-accept-loss")["status"] == "succeeded"
    assert backed_up.manifest.base_images == 0
