"""The built TypeScript client and the tools that check it."""

from __future__ import annotations

import os
import subprocess

import pytest

from local import bootstrap
from tools import client

SECONDS = 300


class BuiltClient:
    """The package in ``clients/typescript`` with its ``dist``, which is built where it is not up to date."""

    def __init__(self) -> None:
        assert bootstrap.main(["client"], root=client.ROOT) == 0
        client.build()

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
