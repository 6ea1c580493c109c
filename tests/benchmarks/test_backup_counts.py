"""The bars of the calls of a backup and of a restore hold for few images as well."""

from pathlib import Path

from tests.benchmarks import backup_child, restore_child
from tests.benchmarks.backup import MOST_CALLS, MOST_RESTORE_CALLS

IMAGES = 500


def test_a_backup_and_a_restore_make_few_calls_for_each_image(tmp_path: Path) -> None:
    backed_up = backup_child.main(IMAGES, tmp_path)

    restored = restore_child.main(tmp_path)

    assert (backed_up["full_images"], restored["images"]) == (IMAGES, IMAGES)
    assert backed_up["full_calls"] / IMAGES <= MOST_CALLS
    assert restored["calls"] / IMAGES <= MOST_RESTORE_CALLS
    assert restored["repairs"] == IMAGES
