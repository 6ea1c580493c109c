"""The instants of a clock that ran ahead hold no backup up (test_clocks_ahead.py has those of other areas)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from image_store.domain.backup.jobs import STALLED_AFTER, BackupJob, BackupState
from image_store.domain.backup.manifest import Manifest, Origin
from image_store.domain.backup.retention import FULL_EVERY, LONGEST_PAUSE, is_full_pass_due
from image_store.domain.ids import created_at, later_id, uuid7

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
STATE = BackupState(created_at=NOW - YEAR, as_of=NOW, full_at=NOW)
MANIFEST = Manifest(
    id=uuid7(NOW, 1),
    origin=Origin(stack="store", table="table", kms_key="", schema_version=1),
    started_at=NOW,
    as_of=NOW,
    base=uuid7(NOW, 2),
    base_files=(),
    change_files=(),
    base_images=0,
    base_bytes=0,
)


def test_a_backup_that_a_clock_ahead_made_is_as_late_as_it_is_ahead() -> None:
    ahead = replace(STATE, as_of=NOW + YEAR)

    assert ahead.age(NOW) == YEAR
    assert STATE.age(NOW + timedelta(hours=1)) == timedelta(hours=1)


@pytest.mark.parametrize(
    "ahead", [replace(STATE, full_at=NOW + FULL_EVERY), replace(STATE, as_of=NOW + LONGEST_PAUSE + YEAR)]
)
def test_a_full_pass_does_not_wait_for_a_clock_ahead(ahead: BackupState) -> None:
    assert not is_full_pass_due(MANIFEST, STATE, NOW)
    assert is_full_pass_due(MANIFEST, ahead, NOW)


def test_a_run_of_a_clock_ahead_does_not_block_the_next() -> None:
    job = BackupJob(id=uuid7(NOW, 3), created_at=NOW, updated_at=NOW)

    assert not job.is_stalled(NOW + STALLED_AFTER - timedelta(seconds=1))
    assert job.is_stalled(NOW + STALLED_AFTER)
    assert replace(job, updated_at=NOW + YEAR).is_stalled(NOW)


def test_a_manifest_after_one_of_a_clock_ahead_is_still_the_later_one() -> None:
    of_clock_ahead, now = uuid7(NOW + YEAR, 4), uuid7(NOW, 5)

    later = later_id(now, than=of_clock_ahead)

    assert later > of_clock_ahead
    assert created_at(later) == NOW + YEAR + timedelta(milliseconds=1)
    assert later_id(now, than=MANIFEST.id) == now
