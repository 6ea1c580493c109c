"""Messages of the emulator's process reach the person who started the stack."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from local.emulator import News

if TYPE_CHECKING:
    import pytest


def heard(*lines: dict[str, Any]) -> News:
    """Return the news after some lines."""
    news = News()
    news.listen(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    news.join()
    return news


def test_failing_saves_are_reported_until_they_work_again(capsys: pytest.CaptureFixture[str]) -> None:
    news = heard({"saving": "No space left on device"})

    assert news.saving_fault == "No space left on device"
    assert heard({"saving": "full"}, {"saving": None}).saving_fault is None
    first, *_, last = capsys.readouterr().err.splitlines()
    assert "the state cannot be saved (No space left on device)" in first
    assert "503" in first
    assert "everything is saved again" in last


def test_the_reason_for_a_failed_start_is_kept() -> None:
    assert heard({"problem": "The saved state is damaged."}, {"saving": None}).problem == (
        "The saved state is damaged."
    )
