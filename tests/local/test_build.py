"""When the template is built again."""

from pathlib import Path

import pytest

from local.build import STAMP, build, build_folder, in_lambda, this_machine
from local.problems import CannotRun


class SamBuild:
    """Counts builds, and fails on request."""

    def __init__(self, *, fails: bool = False) -> None:
        self.builds = 0
        self._fails = fails

    def __call__(self, root: Path, lock: int) -> None:
        assert lock > 0
        self.builds += 1
        build_folder(root).mkdir(parents=True, exist_ok=True)
        if self._fails:
            message = "`sam build` failed"
            raise CannotRun(message)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project."""
    for name in ("functions/list/app.py", "layers/shared/part.py", "template.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("first")
    return tmp_path


def test_an_unchanged_project_is_built_once(root: Path) -> None:
    sam = SamBuild()

    assert build(root, run=sam) == build(root, run=sam)
    assert sam.builds == 1


@pytest.mark.parametrize("changed", ["functions/list/app.py", "layers/shared/part.py", "template.yaml"])
def test_a_change_of_any_source_starts_a_build(root: Path, changed: str) -> None:
    sam = SamBuild()
    before = build(root, run=sam)
    (root / changed).write_text("second")

    after = build(root, run=sam)

    assert sam.builds == 2
    assert after != before


def test_a_moved_file_starts_a_build(root: Path) -> None:
    sam = SamBuild()
    build(root, run=sam)
    (root / "functions/list/app.py").rename(root / "functions/list/handler.py")

    build(root, run=sam)

    assert sam.builds == 2


def test_bytecode_beside_the_sources_starts_no_build(root: Path) -> None:
    sam = SamBuild()
    build(root, run=sam)
    cache = root / "functions/list/__pycache__"
    cache.mkdir()
    (cache / "app.cpython-313.pyc").write_bytes(b"x")

    build(root, run=sam)

    assert sam.builds == 1


def test_a_failed_build_is_repeated(root: Path) -> None:
    with pytest.raises(CannotRun):
        build(root, run=SamBuild(fails=True))
    sam = SamBuild()

    build(root, run=sam)

    assert sam.builds == 1
    assert (build_folder(root) / STAMP).exists()


def test_a_build_for_another_processor_is_kept_apart(root: Path) -> None:
    other = in_lambda("arm64" if this_machine().architecture == "x86_64" else "x86_64")

    assert build_folder(root, this_machine()) == build_folder(root)
    assert build_folder(root, other) != build_folder(root)
    assert other.platform.endswith("manylinux_2_28")
