"""The TypeScript client, built once, and the tools that check it."""

from __future__ import annotations

import os
import subprocess

import pytest

from local import bootstrap
from tools import client

SECONDS = 300


class BuiltClient:
    """The package in ``clients/typescript`` with its ``dist``."""

    def run(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script of an npm package in the package's folder; fail the test with its output if it fails."""
        process = subprocess.run(
            client.program(script, *arguments),
            cwd=client.PACKAGE,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=os.environ | {"NO_COLOR": "1", "CI": "true"} | variables,
        )
        output = process.stdout + process.stderr
        if process.returncode != 0:
            pytest.fail(output, pytrace=False)
        return output


@pytest.fixture(scope="session")
def typescript_client() -> BuiltClient:
    """Build the package, if it was not built from the same sources."""
    assert bootstrap.main(["client"], root=client.ROOT) == 0
    client.build()
    return BuiltClient()
