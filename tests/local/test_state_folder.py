"""The state folder: private, for one launcher at a time, and clear about what is wrong with it."""

import os
import stat
from pathlib import Path

import pytest

from local.problems import CannotRun
from local.state_folder import FORMAT, OLDEST_FORMAT, StateFolder, take


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A prepared state folder."""
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    return folder


def test_what_is_written_is_read_back_and_only_its_owner_may_read_it(state: StateFolder) -> None:
    state.write("ports", {"emulator": 1})

    assert state.read("ports") == {"emulator": 1}
    assert stat.S_IMODE((state.path / "ports.json").stat().st_mode) == 0o600


def test_a_file_that_is_not_there_reads_as_empty(state: StateFolder) -> None:
    assert state.read("ports") == {}


@pytest.mark.parametrize("text", ["{", "[1]", "\x00"])
def test_a_broken_file_is_named_with_what_to_do(state: StateFolder, text: str) -> None:
    (state.path / "ports.json").write_text(text)

    with pytest.raises(CannotRun, match=r"ports\.json .* delete that file"):
        state.read("ports")


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotRun, match="choose another one"):
        StateFolder(tmp_path / "file" / "state").prepare()


def test_preparing_empties_temporary_files_keeps_the_last_log_and_removes_a_stale_stack_file(
    state: StateFolder,
) -> None:
    (state.temporary / "left").write_text("")
    state.log.write_text("before")
    state.stack_file.write_text("{}")

    state.prepare()

    assert list(state.temporary.iterdir()) == []
    assert (state.path / "log.1").read_text() == "before"
    assert not state.stack_file.exists()


def test_a_second_launcher_is_refused_while_the_first_one_runs(state: StateFolder) -> None:
    with state.lock(), pytest.raises(CannotRun, match=rf"process {os.getpid()}.*another PORT and STATE"):
        state.lock()


def test_the_lock_is_free_again_when_its_holder_is_gone(state: StateFolder) -> None:
    state.lock().close()

    with state.lock(), (state.path / "lock").open() as other:
        assert not take(other)


def test_the_root_secret_is_made_once(state: StateFolder) -> None:
    made = state.root_secret()

    assert len(made) >= 30
    assert StateFolder(state.path).root_secret() == made


def test_only_a_start_after_a_stop_that_was_not_settled_finds_it_so(state: StateFolder) -> None:
    first = state.was_killed()
    killed = state.was_killed()
    state.settle()

    assert (first, killed, state.was_killed()) == (False, True, False)


@pytest.mark.parametrize(
    ("version", "said"),
    [(FORMAT + 1, "a later build"), (OLDEST_FORMAT - 1, "an earlier build"), ("new", "earlier")],
)
def test_a_state_of_an_incompatible_build_is_left_alone_with_what_to_do(
    state: StateFolder, version: object, said: str
) -> None:
    state.write("format", {"version": version})
    (state.temporary / "left").write_text("")

    with pytest.raises(CannotRun, match=rf"{said}.*start that build again, or .*STATE=folder make run"):
        state.prepare()

    assert (state.temporary / "left").exists()


def test_a_state_of_a_build_before_there_were_versions_is_taken_and_marked(state: StateFolder) -> None:
    (state.path / "format.json").unlink()

    state.prepare()
    state.prepare()

    assert state.read("format") == {"version": FORMAT}
