"""Whatever is sent is stored or refused by a code, for little memory and little time (A3, F5).

`make soak` spoils more files; their number is in SOAK_FILES.
"""

import os
import sys
from functools import cache

import pytest

from tests import mutations
from tests.hostile.files import FILES, LARGEST
from tests.hostile_child import Fate, fates

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")

SOAKS = "SOAK_FILES" in os.environ
OF_EACH = int(os.environ.get("SOAK_FILES", "25"))
# A soak begins elsewhere than the tests of every day.
BEGIN = int(os.environ.get("SOAK_SEED", "0"))
LARGEST_NAMES = [name for name in LARGEST if SOAKS or name in {"flat webp with alpha", "flat avif"}]


@cache
def fates_by_name() -> dict[str, Fate]:
    """What became of each hostile file."""
    return dict(zip(FILES, fates([make() for make in FILES.values()]), strict=True))


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_gets_a_coded_answer_for_little(name: str) -> None:
    fate = fates_by_name()[name]

    assert fate.is_fair, fate


@pytest.mark.parametrize("name", LARGEST_NAMES)
def test_the_largest_small_file_is_stored_for_little(name: str) -> None:
    (fate,) = fates([LARGEST[name]()])

    assert fate.is_fair, fate
    assert fate.outcome == "stored"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("jpeg and", "png and"))])
def test_what_is_odd_and_whole_is_stored(name: str) -> None:
    assert fates_by_name()[name].outcome == "stored"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("foreign ")])
def test_what_is_foreign_costs_nothing(name: str) -> None:
    assert fates_by_name()[name].outcome == "unsupported_media_type"


@pytest.mark.parametrize("name", mutations.seeds())
def test_spoiled_files_get_coded_answers_for_little(name: str) -> None:
    files = list(mutations.spoiled(mutations.seeds()[name], OF_EACH, seed=f"{name}{BEGIN}"))

    for file, fate in zip(files, fates(files, timeout_seconds=60 + OF_EACH), strict=True):
        assert fate.is_fair, (fate, file)


def test_a_file_that_kills_its_process_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is known that does: one that takes longer than any may is ended, and the next ones are looked at."""
    monkeypatch.setenv("HOSTILE_SECONDS", "0")

    first, second = fates([mutations.seeds()["jpeg"], b"no image"])

    assert not first.is_fair
    assert not second.is_fair
