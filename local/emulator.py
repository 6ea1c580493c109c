"""Start and stop the emulator's process."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import boto3

from local.inside_emulator.gate import CHECKPOINT_PATH
from local.problems import CannotRun
from local.settings import REGION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from botocore.config import Config

    from local.state_folder import StateFolder

ROOT_KEY_ID = "local-root"
STARTING_SECONDS = 60
STOPPING_SECONDS = 90
POLL_SECONDS = 0.05


@dataclass
class Emulator:
    """A running emulator; ``endpoint`` serves every AWS service it knows, and the two R2 buckets.

    It lives as long as somebody holds the ``lifeline``; ``problems`` says in one sentence why it did not
    start.
    """

    process: subprocess.Popen[bytes]
    lifeline: IO[bytes]
    problems: IO[bytes]
    port: int
    secret_key: str
    log: Path

    @property
    def endpoint(self) -> str:
        """Its address under the one host name that browsers and handlers use too."""
        return f"http://localhost:{self.port}"

    def client(self, service: str, *, config: Config | None = None) -> boto3.client:
        """Answer a boto3 client with the root's credentials, for the launcher's own work."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=config,
            aws_access_key_id=ROOT_KEY_ID,
            aws_secret_access_key=self.secret_key,
        )

    async def wait_until_ready(self) -> None:
        """Return when it answers; raise CannotRun when it ends instead."""
        deadline = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise CannotRun(self._why_it_ended())
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                writer.close()
                return
        raise CannotRun(
            f"The emulator did not start in {STARTING_SECONDS} seconds: see the end of {self.log}."
        )

    async def wait_until_gone(self) -> None:
        """Return when the process has ended, for whatever reason."""
        while self.process.poll() is None:
            await asyncio.sleep(POLL_SECONDS * 10)

    def checkpoint(self) -> None:
        """Have everything saved, the deployed code included; periodic saves leave that out."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=STOPPING_SECONDS)
        connection.request("POST", CHECKPOINT_PATH)
        connection.getresponse()
        connection.close()

    def stop(self) -> None:
        """Close its standard input and wait until it has saved everything."""
        self.lifeline.close()
        try:
            self.process.wait(timeout=STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def has_saved(self) -> bool:
        """Whether it has ended, and saved everything before it did."""
        return self.process.poll() == 0

    def _why_it_ended(self) -> str:
        said = self.problems.read()
        if said:
            problem: str = json.loads(said)["problem"]
            return problem
        return f"The emulator did not start (exit code {self.process.returncode}): see the end of {self.log}."


def start_emulator(root: Path, state: StateFolder, *, port: int, lock: IO[str]) -> Emulator:
    """Start the emulator on a state folder; it keeps the folder's lock until it is gone."""
    secret_key = state.root_secret()
    environment = {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "GATEWAY_PORT": str(port),
        "HANDLER_PYTHON": str(root / ".venv-handlers" / "bin" / "python"),
        "HOME": str(state.temporary),  # so that no AWS profile of the developer reaches a handler
        "IOT_MTLS_ENABLED": "0",
        "LANG": "C.UTF-8",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "PATH": os.defpath,
        "PERSIST_STATE": "1",
        "PYTHONUNBUFFERED": "1",
        "S3_DATA_DIR": str(state.objects),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state.emulator),
        "TMPDIR": str(state.temporary),
    }
    with state.log.open("ab") as log:
        process = subprocess.Popen(
            command(root),
            cwd=state.temporary,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # Ctrl-C is for the launcher, which stops it in its turn
        )
    if process.stdin is None or process.stdout is None:
        raise AssertionError  # both are pipes, as asked above
    return Emulator(process, process.stdin, process.stdout, port=port, secret_key=secret_key, log=state.log)


def command(root: Path) -> Sequence[str]:
    """Answer the command of the emulator's process; the checkout is on its path, and not on the handlers'."""
    begin = (
        f"import sys; sys.path.append({str(root)!r}); from local.inside_emulator.process import main; main()"
    )
    return [str(root / ".venv-ministack" / "bin" / "python"), "-P", "-c", begin]
