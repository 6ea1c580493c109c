"""The journal of an upload: what survives a kill, and what is not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_store_cli.errors import UsageError
from image_store_cli.uploads.journal import STORED, Entry, Journal, default_path

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry("/a.jpg", 3, 1, "ab", STORED, "id-1")


def test_what_was_noted_is_there_after_a_kill(tmp_path: Path) -> None:
    killed = Journal(tmp_path / "deep/journal")
    killed.note(ENTRY)
    killed._file.close()  # noqa: SLF001 - as the system does at a kill

    with Journal(tmp_path / "deep/journal") as journal:
        assert journal.entries == {"/a.jpg": ENTRY}


def test_a_line_that_was_half_written_is_ignored_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.note(ENTRY)
    path.write_text(path.read_text() + '{"path": "/b.jpg", "si')
    other = Entry("/c.jpg", 3, 1, "cd", STORED, "id-2")

    with Journal(path) as journal:
        journal.note(other)

    with Journal(path) as reopened:
        assert reopened.entries == {"/a.jpg": ENTRY, "/c.jpg": other}


def test_two_processes_do_not_share_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal"), pytest.raises(UsageError, match="running already"):
        Journal(tmp_path / "journal")


def test_a_file_that_changed_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"abc")
    stat = file.stat()
    entry = Entry(str(file), stat.st_size, stat.st_mtime_ns, "ab", STORED, "id")

    file.write_bytes(b"abcd")

    assert entry.is_of(stat)
    assert not entry.is_of(file.stat())


def test_only_its_owner_can_read_a_journal_and_it_goes_when_all_is_done(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        mode = journal.path.stat().st_mode & 0o777
        journal.remove()

    assert mode == 0o600
    assert not journal.path.exists()


def test_each_upload_has_a_journal_of_its_own(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}

    paths = {default_path(environment, "https://a", who, "{}", "/x") for who in ("alice", "bob")}

    assert len(paths) == 2
    assert default_path(environment, "https://a", "alice", "{}", "/x") in paths
