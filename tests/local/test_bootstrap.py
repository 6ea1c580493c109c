"""The bootstrap: which environments are up to date, which Python it uses, and its error messages."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from local import bootstrap
from local.bootstrap import CannotBootstrap, Environment

ROOT = Path(__file__).resolve().parents[2]
DEV = Environment(".venv", "requirements/dev.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with one lock and a finished environment made from it."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/dev.txt").write_text("pytest==1")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text("")
    (tmp_path / ".venv" / bootstrap.STAMP).write_text(bootstrap.expected_stamp(DEV, tmp_path))
    return tmp_path


def test_an_environment_made_from_this_lock_is_fresh(root: Path) -> None:
    assert bootstrap.is_fresh(DEV, root)


def test_a_changed_lock_makes_it_stale(root: Path) -> None:
    (root / "requirements/dev.txt").write_text("pytest==2")

    assert not bootstrap.is_fresh(DEV, root)


@pytest.mark.parametrize("changed", ["requirements/node.txt", "npm/package.json", "npm/package-lock.json"])
def test_an_environment_with_npm_packages_is_stale_when_any_of_its_locks_changed(
    tmp_path: Path, changed: str
) -> None:
    environment = Environment(".venv-node", "requirements/node.txt", packages="npm")
    for name in (
        "requirements/node.txt",
        "npm/package.json",
        "npm/package-lock.json",
        ".venv-node/bin/python",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    (tmp_path / ".venv-node" / bootstrap.STAMP).write_text(bootstrap.expected_stamp(environment, tmp_path))
    was_fresh = bootstrap.is_fresh(environment, tmp_path)

    (tmp_path / changed).write_text("changed")

    assert was_fresh
    assert not bootstrap.is_fresh(environment, tmp_path)


def test_a_wheel_without_node_for_this_machine_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CannotBootstrap, match=r"has no Node\.js for this machine"):
        bootstrap.node_of(tmp_path)


def test_a_missing_python_makes_it_stale(root: Path) -> None:
    (root / ".venv/bin/python").unlink()

    assert not bootstrap.is_fresh(DEV, root)


def test_an_install_that_did_not_finish_is_stale(root: Path) -> None:
    (root / ".venv" / bootstrap.STAMP).unlink()

    assert not bootstrap.is_fresh(DEV, root)


def test_make_without_python_says_which_version_it_needs() -> None:
    command = ["make", "--no-print-directory", "run", "PYTHON=no-such-python"]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert result.stderr.startswith("error: no-such-python is not Python 3.11 or newer: install one")
    assert "Traceback" not in result.stderr


def test_an_unknown_environment_ends_in_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = bootstrap.main(["production"], root=tmp_path)

    assert code == 2
    assert capsys.readouterr().err.startswith("error: There is no environment 'production'")


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotBootstrap, match=r"dev\.txt is missing: restore it with git"):
        bootstrap.fingerprint(tmp_path / "dev.txt")


def test_a_python_of_pyenv_is_found_without_its_shims(tmp_path: Path) -> None:
    for version in ("3.12.1", "3.13.0", "3.13-dev"):
        python = tmp_path / "versions" / version / "bin" / f"python{version[:4]}"
        python.parent.mkdir(parents=True)
        python.write_text("")

    path = bootstrap.python_of_pyenv({"PYENV_ROOT": str(tmp_path)})

    assert path == str(tmp_path / "versions/3.13.0/bin/python3.13")


def test_without_pyenv_no_python_of_it_is_found(tmp_path: Path) -> None:
    assert bootstrap.python_of_pyenv({"PYENV_ROOT": str(tmp_path)}) is None


def test_the_output_of_a_failed_tool_is_shown_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        CannotBootstrap, match="installing uv failed, as shown above: check that this machine is online"
    ):
        bootstrap.run(["sh", "-c", "echo no route to host >&2; exit 1"], doing="installing uv")

    assert "no route to host" in capsys.readouterr().err


def test_a_first_start_says_that_it_takes_minutes_and_what_it_does(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "requirements/ministack.txt").write_text(
        "# made by make lock\na==1 \\\n    --hash=x\nb==2\n    # via a==1\n"
    )
    (root / "requirements/uv.txt").write_text("uv==1")

    def run(_: Sequence[str], *, doing: str) -> None:
        (root / doing.split()[1]).mkdir(exist_ok=True)

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap, "make_uv", lambda root: root / "uv")
    monkeypatch.setattr(bootstrap, "find_lambda_python", lambda _: "python")
    (root / ".venv/bin/python").unlink()

    assert bootstrap.main(["dev", "ministack"], root=root) == 0

    first, *others = capsys.readouterr().err.splitlines()
    assert "first start" in first
    assert "takes a few minutes" in first
    assert sorted(line.strip() for line in others) == [
        "making .venv (1 of 2, 1 packages) …",
        "making .venv-ministack (2 of 2, 2 packages) …",
    ]


def test_after_an_environment_that_cannot_be_made_no_further_one_is_begun(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names: list[str] = []

    def make(name: str, **_: object) -> None:
        names.append(name)
        if name == "sam":
            raise CannotBootstrap("There is no network.")
        time.sleep(0.02)  # an install takes longer

    monkeypatch.setattr(bootstrap, "AT_THE_SAME_TIME", 1)
    monkeypatch.setattr(bootstrap, "make_environment", make)
    monkeypatch.setattr(bootstrap, "make_uv", lambda root: root / "uv")
    monkeypatch.setattr(bootstrap, "find_lambda_python", lambda _: "python")
    for name in ("ministack", "sam", "node"):
        (root / f"requirements/{name}.txt").write_text("a==1")
    for name in bootstrap.NPM_FILES:
        (root / "tests/openapi").mkdir(parents=True, exist_ok=True)
        (root / "tests/openapi" / name).write_text("{}")

    exit_code = bootstrap.main(["ministack", "sam", *["node"] * 50], root=root)

    assert exit_code == 2
    assert names[:2] == ["ministack", "sam"]
    assert len(names) < 52
    assert "There is no network." in capsys.readouterr().err


def test_a_start_with_everything_in_place_says_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "make_uv", lambda root: root / "uv")

    assert bootstrap.main(["dev"], root=root) == 0
    assert capsys.readouterr().err == ""


def test_a_slow_tool_is_reported_while_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "PROGRESS_SECONDS", 0.2)

    bootstrap.run(["sleep", "0.9"], doing="filling .venv")

    assert "filling .venv: 0 s so far …" in capsys.readouterr().err
