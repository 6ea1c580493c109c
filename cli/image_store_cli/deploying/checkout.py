"""The checkout of the project: its environments, its build, and what `sam package` makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store_cli.deploying.template import Template
from image_store_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MARKS = ("template.yaml", "local/bootstrap.py", "functions", "layers")
LAST_LINES = 20
SECRET_PREFIXES = ("CLOUDFLARE_", "IMAGE_STORE_")
"""Variables that hold tokens, which the build does not need."""
AS_JSON = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout, default=str)"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout, from which a deployment is built with the project's own tools."""

    root: Path
    environment: Mapping[str, str]
    note: Callable[[str], None]

    def build(self, architecture: str) -> Path:
        """Build for Lambda unless nothing changed; return the folder of the built template."""
        self._run([sys.executable, "local/bootstrap.py", "sam", "console"], doing="making the build tools")
        folder = self._run(
            [str(self._tool("python")), "-m", "local.build", "--architecture", architecture],
            doing="the build",
        )
        return self.root / folder.strip().splitlines()[-1]

    def template(self, folder: Path) -> Template:
        """Read the built template."""
        text = self._run(
            [str(self._tool("python")), "-c", AS_JSON, str(folder / "template.yaml")],
            doing="reading the built template",
        )
        return Template(json.loads(text))

    def package(self, folder: Path, packaged: Path, *, prefix: str, region: str, profile: str | None) -> None:
        """Upload the code to SAM's own bucket of the account and region, and write the template with its addresses."""
        self.note("Uploading the code with `sam package`.")
        self._run(
            [
                str(self._tool("sam")), "package", "--template-file", str(folder / "template.yaml"), "--resolve-s3",
                "--s3-prefix", prefix, "--region", region, "--use-json", "--no-progressbar",
                "--output-template-file", str(packaged), *(["--profile", profile] if profile else []),
            ],
            doing="sam package",
        )  # fmt: skip

    def _tool(self, name: str) -> Path:
        return self.root / ".venv-sam" / "bin" / name

    def _run(self, command: Sequence[str], *, doing: str) -> str:
        """Run one of the project's tools and return its stdout; CommandError with its last lines if it fails."""
        result = subprocess.run(  # noqa: S603 - the project's own tools
            command,
            cwd=self.root,
            env={
                **self.environment,
                "PATH": os.pathsep.join(
                    [str(self.root / ".venv-sam" / "bin"), self.environment.get("PATH", os.defpath)]
                ),
                "SAM_CLI_TELEMETRY": "0",
                "__SAM_CLI_APP_DIR": str(self.root / ".aws-sam" / "settings"),  # not the home folder
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            lines = (result.stderr.strip() or result.stdout.strip()).splitlines()[-LAST_LINES:]
            raise CommandError(f"{doing[0].upper()}{doing[1:]} failed:\n" + "\n".join(lines))
        return result.stdout


def find_checkout(folder: Path, environment: Mapping[str, str], note: Callable[[str], None]) -> Checkout:
    """Return the checkout that contains a folder; UsageError if none does."""
    for root in (folder, *folder.parents):
        if all((root / mark).exists() for mark in MARKS):
            safe = {
                name: value for name, value in environment.items() if not name.startswith(SECRET_PREFIXES)
            }
            return Checkout(root.resolve(), safe, note)
    raise UsageError("This command builds the store: run it in a checkout of the project.")
