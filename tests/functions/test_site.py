"""The function that tells what the API is (F2, F6)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from tests.functions.deployment import FUNCTIONS, Deployment, assert_refused, event

if TYPE_CHECKING:
    import pytest


def test_health_needs_no_storage_and_is_kept_by_no_cache(store: Deployment) -> None:
    """F2: shallow and public."""
    answer = store.answer_to("site/health")

    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_health_is_answered_without_configuration(store: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no permission and no setting, so it must need none."""
    monkeypatch.setattr(store, "environment", {"KEY_LAYOUT": "broken"})

    answer = store.answer_to("site/health")

    assert answer.status == 200


def test_the_openapi_document_is_the_committed_one(store: Deployment) -> None:
    """F6."""
    answer = store.answer_to("site/openapi")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == (FUNCTIONS / "site/openapi.json").read_text("utf-8")


def test_the_docs_page_runs_its_own_scripts_and_no_others(store: Deployment) -> None:
    """F6: its policy names the digest of each script and allows nothing from elsewhere."""
    answer = store.answer_to("site/docs")

    scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts}
    allowed = re.findall(r"'sha256-([^']+)'", answer.headers["Content-Security-Policy"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert len(scripts) == 2
    assert digests == set(allowed)
    assert "<script src" not in answer.text
    assert len(answer.text.encode()) < 6 * 1024 * 1024


def test_an_unknown_address_is_a_problem(store: Deployment) -> None:
    """F5."""
    answer = store.call(event("site/docs") | {"rawPath": "/docs/../secrets"}, function="site")

    assert_refused(answer, 404, "route_not_found")
