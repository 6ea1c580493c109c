"""A store and its issuer on this machine's loopback address, and a person who can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.desk import Desk
from tests.cli.running_issuer import RunningIssuer
from tests.cli.store_server import StoreServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EMPTY_PAGE: dict[str, Any] = {"items": [], "next_cursor": None}


@pytest.fixture(scope="module")
def issuer() -> Iterator[RunningIssuer]:
    """The issuer."""
    with RunningIssuer() as running:
        yield running


@pytest.fixture
def desk(issuer: RunningIssuer, tmp_path: Path) -> Iterator[Desk]:
    """Somebody who has not signed in yet."""
    with StoreServer() as store:
        store.documents = {"/config.json": (200, issuer.console_settings), "/v1/images": (200, EMPTY_PAGE)}
        yield Desk(store, issuer, tmp_path)
