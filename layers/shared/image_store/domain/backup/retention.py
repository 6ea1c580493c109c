"""Which manifests are kept, and when a full pass is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from image_store.domain.backup.jobs import BackupState
from image_store.domain.backup.manifest import Manifest
from image_store.domain.deadlines import elapsed
from image_store.domain.ids import created_at

FULL_EVERY = timedelta(days=7)
LONGEST_PAUSE = timedelta(days=1)
"""After a longer one, as without a backup store, changes may not have been noted."""
FEWEST_CHANGE_LINES = 10_000
MOST_CHANGE_LINES = 1_000_000
"""A restore remembers the names in the lines of changes, so a new base is due then."""
KEEP_ALL = timedelta(days=2)
"""Of older manifests, the last of each day is kept."""


def is_full_pass_due(manifest: Manifest | None, state: BackupState, now: datetime) -> bool:
    """Whether the records have to be read again: first, weekly, after a pause, and after many changes."""
    if manifest is None or state.full_at is None or state.as_of is None:
        return True
    if elapsed(state.full_at, now) >= FULL_EVERY or elapsed(state.as_of, now) > LONGEST_PAUSE:
        return True
    return manifest.change_lines > min(MOST_CHANGE_LINES, max(FEWEST_CHANGE_LINES, manifest.base_lines))


def manifests_to_keep(manifest_ids: Sequence[str], now: datetime, retention: timedelta) -> list[str]:
    """Of the ids of all manifests, the oldest first, those to keep: the newest always, and one of each earlier day."""
    ids: list[str] = []
    for manifest_id, successor in zip(manifest_ids, (*manifest_ids[1:], None), strict=True):
        at = created_at(manifest_id)
        is_last_of_day = successor is None or created_at(successor).date() != at.date()
        if successor is None or now - at <= KEEP_ALL or (is_last_of_day and now - at <= retention):
            ids.append(manifest_id)
    return ids
