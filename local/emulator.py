"""Start and stop the emulator's process."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import boto3

from local.inside_emulator.gate import CHECKPOINT_PATH, FRONT_HEADER
from local.inside_emulator.process import NOT_SAVED
from local.problems import CannotRun
from local.settings import REGION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from botocore.config import Config

    from local.state_folder import RootKey, StateFolder

CHECKPOINT_DONE = 204
STARTING_SECONDS = 60
STOPPING_SECONDS = 90
POLL_SECONDS = 0.05


@dataclass
class News:
    """Messages of the emulator's process, one line of JSON each; failing saves are printed for a person."""

    problem: str | None = None
    saving_fault: str | None = None
    _thread: threading.Thread | None = field(default=None, init=False)

    def listen(self, lines: IO[bytes]) -> None:
        """Read messages until the process ends."""
        self._thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the last message of a process that has ended."""
        if self._thread is not None:
            self._thread.join(timeout=1)

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            message = json.loads(line)
            self.problem = message.get("problem", self.problem)
            if "saving" in message:
                self.saving_fault = message["saving"]
                print(f"  {saving_line(self.saving_fault)}", file=sys.stderr, flush=True)


def saving_line(fault: str | None) -> str:
    """Return the line to print when saving fails, or when it works again."""
    if fault is None:
        return "everything is saved again: uploads and changes are accepted."
    return f"error: the state cannot be saved ({fault}): uploads and changes get 503 until it can."


@dataclass
class Emulator:
    """A running emulator; ``endpoint`` serves its AWS services and the two R2 buckets.

    It runs as long as the ``lifeline`` is open. ``news`` has the reason why it did not start, and whether saving fails.
    Requests with the ``front_secret`` may call functions as the front does.
    """

    process: subprocess.Popen[bytes]
    lifeline: IO[bytes]
    news: News
    port: int
    root: RootKey
    front_secret: str
    log: Path

    @property
    def endpoint(self) -> str:
        """Its address, with the host name that browsers and handlers use too."""
        return f"http://localhost:{self.port}"

    def client(self, service: str, *, config: Config | None = None) -> boto3.client:
        """Return a boto3 client with the root's credentials, for the launcher's own work."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=config,
            aws_access_key_id=self.root.access_key,
            aws_secret_access_key=self.root.secret_key,
        )

    async def wait_until_ready(self) -> None:
        """Return once it accepts connections; raise CannotRun if it ends or takes too long."""
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
        """Return when the process has ended for any reason."""
        while self.process.poll() is None:
            await asyncio.sleep(POLL_SECONDS * 10)

    @property
    def front_headers(self) -> dict[str, str]:
        """The headers by which the emulator recognises the front."""
        return {FRONT_HEADER.decode(): self.front_secret}

    def checkpoint(self) -> None:
        """Save everything, including the deployed code, which periodic saves leave out."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=STOPPING_SECONDS)
        connection.request("POST", CHECKPOINT_PATH, headers=self.front_headers)
        status = connection.getresponse().status
        connection.close()
        if status != CHECKPOINT_DONE:
            raise CannotRun(
                f"The state cannot be saved ({self.news.saving_fault or f'status {status}'}): "
                f"make room on the disk and run the command again."
            )

    def stop(self) -> None:
        """Close its standard input and wait while it saves everything."""
        self.lifeline.close()
        try:
            self.process.wait(timeout=STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def has_saved(self) -> bool:
        """Whether it has ended after it saved everything."""
        return self.process.poll() == 0

    @property
    def could_not_save(self) -> bool:
        """Whether it has ended without being able to save everything."""
        return self.process.poll() == NOT_SAVED

    def _why_it_ended(self) -> str:
        self.news.join()
        if self.news.problem:
            return self.news.problem
        return f"The emulator did not start (exit code {self.process.returncode}): see the end of {self.log}."


def start_emulator(root: Path, state: StateFolder, *, port: int, lock: IO[str]) -> Emulator:
    """Start the emulator on a state folder; it holds the folder's lock until it ends."""
    root_key, front_secret = state.root_key(), secrets.token_urlsafe(32)
    environment = {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": root_key.access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SECRET_ACCESS_KEY": root_key.secret_key,
        "FRONT_SECRET": front_secret,
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
        "SHARED_DIR": str(root / ".aws-sam" / "shared"),
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
            start_new_session=True,  # Ctrl-C goes to the launcher, which stops its parts in order
        )
    if process.stdin is None or process.stdout is None:
        raise AssertionError  # both are pipes
    news = News()
    news.listen(process.stdout)
    return Emulator(
        process, process.stdin, news, port=port, root=root_key, front_secret=front_secret, log=state.log
    )


def command(root: Path) -> Sequence[str]:
    """Return the command of the emulator's process; the checkout is on its path but not on the handlers' path."""
    begin = (
        f"import sys; sys.path.append({str(root)!r}); from local.inside_emulator.process import main; main()"
    )
    return [str(root / ".venv-ministack" / "bin" / "python"), "-P", "-c", begin]
