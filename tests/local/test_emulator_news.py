"""What the emulator's process says reaches the person who started the stack."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from local.emulator import News

if TYPE_CHECKING:
    import pytest


def heard(*lines: dict[str, Any]) -> News:
    """Answer what is known after some lines."""
    news = News()
    news.listen(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    news.join()
    return news


def test_a_person_hears_why_saving_fails_and_that_it_works_again(capsys: pytest.CaptureFixture[str]) -> None:
    news = heard({"saving": "No space left on device"})

    assert news.saving_fault == "No space left on device"
    assert heard({"saving": "full"}, {"saving": None}).saving_fault is None
    first, *_, last = capsys.readouterr().err.splitlines()
    assert "the state cannot be saved (No space left on device)" in first
    assert "503" in first
    assert "everything is saved again" in last


def test_why_it_did_not_start_is_kept() -> None:
    assert heard({"problem": "The saved state is damaged."}, {"saving": None}).problem == (
        "The saved state is damaged."
    )
