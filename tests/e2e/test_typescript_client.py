"""The TypeScript client against the running stack: its own tests in ``clients/typescript/tests/stack``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.typescript.built_client import BuiltClient

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack


def test_every_function_of_the_typescript_client_works_on_the_stack(stack: Stack) -> None:
    output = BuiltClient().run(
        "vitest/vitest.mjs",
        "run",
        "--dir",
        "tests/stack",
        API_URL=stack.api_url,
        OWNER_TOKEN=stack.token(f"typescript-{uuid.uuid4()}"),
        ADMIN_TOKEN=stack.token(f"admin-{uuid.uuid4()}", scope="images:admin"),
    )

    assert " passed" in output
