"""The state folder is private, serves one launcher at a time, and reports its problems."""

import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.problems import CannotRun
from local.state_folder import STATE_VERSION, StateFolder, UncleanStop, try_lock


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A prepared state folder."""
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    return folder


def test_a_written_file_is_read_back_and_only_its_owner_may_read_it(state: StateFolder) -> None:
    state.write("ports", {"emulator": 1})

    assert state.read("ports") == {"emulator": 1}
    assert stat.S_IMODE((state.path / "ports.json").stat().st_mode) == 0o600


def test_a_missing_file_reads_as_empty(state: StateFolder) -> None:
    assert state.read("ports") == {}


@pytest.mark.parametrize("text", ["{", "[1]", "\x00"])
def test_a_damaged_file_is_reported_with_what_to_do(state: StateFolder, text: str) -> None:
    (state.path / "ports.json").write_text(text)

    with pytest.raises(CannotRun, match=r"ports\.json .* delete that file"):
        state.read("ports")


def test_a_folder_that_cannot_be_created_is_reported_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotRun, match="choose another folder"):
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


def test_the_lock_is_free_again_when_its_holder_has_ended(state: StateFolder) -> None:
    state.lock().close()

    with state.lock(), (state.path / "lock").open() as other:
        assert not try_lock(other)


def test_the_root_key_is_random_private_and_created_once(state: StateFolder, tmp_path: Path) -> None:
    key = state.root_key()

    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key.access_key)
    assert len(key.secret_key) >= 30
    assert StateFolder(state.path).root_key() == key
    assert stat.S_IMODE((state.path / "root.json").stat().st_mode) == 0o600
    other = StateFolder(tmp_path / "other")
    other.prepare()
    assert other.root_key().access_key != key.access_key


def test_a_state_with_only_a_secret_key_gets_an_access_key(state: StateFolder) -> None:
    state.write("root", {"secret_key": "kept"})

    key = state.root_key()

    assert key.secret_key == "kept"
    assert state.root_key() == key


def test_only_a_start_after_an_unclean_stop_detects_one(state: StateFolder) -> None:
    first = state.detect_unclean_stop()
    killed = state.detect_unclean_stop()
    state.record_clean_stop()

    assert first is None
    assert killed is not None
    assert state.detect_unclean_stop() is None


def save_at(state: StateFolder, seconds: int) -> None:
    """Record a save as the emulator does."""
    state.last_save.touch()
    os.utime(state.last_save, (seconds, seconds))


def test_until_table_and_buckets_are_compared_the_earliest_save_counts(state: StateFolder) -> None:
    state.detect_unclean_stop()
    save_at(state, 1_000)
    first = state.detect_unclean_stop()
    save_at(state, 2_000)  # the start after it saved, and was killed before the comparison

    assert first == state.detect_unclean_stop() == UncleanStop(datetime.fromtimestamp(1_000, UTC))
    state.record_comparison()
    assert state.detect_unclean_stop() == UncleanStop(datetime.fromtimestamp(2_000, UTC))


def test_a_new_folder_gets_the_version_of_this_build(state: StateFolder) -> None:
    state.require_version()
    state.require_version()

    assert state.read("version") == {"version": STATE_VERSION}


def test_a_state_without_a_version_is_read_and_gets_one(state: StateFolder) -> None:
    (state.emulator / "dynamodb.json").write_text("{}")

    state.require_version()

    assert state.read("version") == {"version": STATE_VERSION}


@pytest.mark.parametrize(("version", "age"), [(STATE_VERSION + 1, "a later build"), (0, "an earlier build")])
def test_an_unreadable_state_is_reported_and_left_unchanged(
    state: StateFolder, version: int, age: str
) -> None:
    state.write("version", {"version": version})

    with pytest.raises(CannotRun, match=age) as raised:
        state.require_version()

    assert "start that build again, choose another folder" in str(raised.value)
    assert str(raised.value).count("\n") == 0
    assert state.read("version") == {"version": version}
