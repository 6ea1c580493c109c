"""The emulator copies only where nothing is, as R2 and S3 do when they are asked to."""

# ruff: noqa: SLF001 - it plays MiniStack, whose parts have such names

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from local.inside_emulator.corrections import never_copy_over_an_object

MADE: tuple[int, dict[str, str], bytes] = (200, {}, b"")
REFUSED: tuple[int, dict[str, str], bytes] = (412, {}, b"PreconditionFailed")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The part of MiniStack that is corrected, with one object."""

    def check(headers: dict[str, str], existing: Any) -> Any:
        return REFUSED if headers["if-none-match"] == "*" and existing is not None else None

    buckets: dict[str, Any] = {"public": {"objects": {"taken": {"etag": "e"}}}}
    module = SimpleNamespace(
        _copy_object=lambda *_: MADE, _ensure_bucket=buckets.get, _check_put_preconditions=check
    )
    monkeypatch.setitem(sys.modules, "ministack.services.s3", module)
    never_copy_over_an_object()
    return module


@pytest.mark.parametrize("header", ["cf-copy-destination-if-none-match", "if-none-match"])
def test_a_copy_never_replaces_an_object_if_it_must_not(storage: Any, header: str) -> None:
    assert storage._copy_object("public", "taken", {header: "*"}) == REFUSED
    assert storage._copy_object("public", "free", {header: "*"}) == MADE
    assert storage._copy_object("missing", "free", {header: "*"}) == MADE


def test_a_copy_without_the_condition_replaces_an_object(storage: Any) -> None:
    assert storage._copy_object("public", "taken", {}) == MADE
