"""The TypeScript client, built once."""

from __future__ import annotations

import pytest

from tests.typescript.built_client import BuiltClient


@pytest.fixture(scope="session")
def typescript_client() -> BuiltClient:
    """Build the package, if it was not built from the same sources."""
    return BuiltClient()
