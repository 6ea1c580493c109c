"""The whole stack for the end-to-end tests: the real launcher, on its own port and with its own state."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
import httpx
import pytest

from local.inside_emulator.checkpoints import LAST_SAVE
from local.ports import any_free_port
from local.provider_access import ACCOUNT_VARIABLES, KEY_VARIABLES, URL_VARIABLES
from local.settings import STACK_NAME
from local.state_folder import StateFolder
from tests.e2e.second_stack import ROOT_KEY
from tests.e2e.site import Site
from tests.fakes.cloudflare import TOKEN, ZONE, CloudflareServer
from tests.plain_http import NO_AUTHORITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 300  # the first start of a checkout builds
STOPPED_SECONDS = 90
POLL_SECONDS = 0.1
SAFE_AFTER_SECONDS = 6  # what is older survives `kill -9`
SAVED_SECONDS = 60  # the slower the machine saves, the longer it pauses
MIGRATION_TABLE = "somebodys-messages"
IMPORT_SECRET = "image-store/imports"
"""The table that the stack lets migrations read; tests make it."""
REMOTE_ADDRESS = "127.0.0.2"
"""Where tests play other people's servers: the one address of this machine that images may be fetched from."""


class Stack:
    """One local stack that tests may stop, kill and start again; ``described`` is its ``stack.json``."""

    def __init__(self, *, port: int, state: Path, parameters: dict[str, str] | None = None) -> None:
        self.port = port
        self.parameters = parameters or {}
        self.state = StateFolder(state)
        self.described: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._clients: dict[tuple[str, Config | None], Any] = {}

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self.described["api_url"]

    def token(
        self,
        subject: str = "alice",
        *,
        scope: str = "",
        algorithm: str = "RS256",
        issuer: Literal["", "second_"] = "",
    ) -> str:
        """Answer a token of one of the local issuers."""
        query = urllib.parse.urlencode({"sub": subject, "scope": scope, "alg": algorithm})
        url = f"{self.described[f'{issuer}token_url']}?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the stack's own address
            text: str = answer.read().decode()
            return text

    def http(self, subject: str | None, *, scope: str = "") -> httpx.Client:
        """Answer a client of the API for one caller, or for nobody."""
        headers = {} if subject is None else {"Authorization": f"Bearer {self.token(subject, scope=scope)}"}
        return httpx.Client(base_url=self.api_url, headers=headers, timeout=40, verify=NO_AUTHORITIES)

    def admin(self) -> httpx.Client:
        """Answer a client of the API for an admin."""
        return self.http("admin", scope="images:admin")

    def client(self, service: str, *, config: Config | None = None) -> Any:
        """Answer a boto3 client of the emulator's root; to make one takes longer than most calls."""
        if (service, config) not in self._clients:
            self._clients[service, config] = self._new_client(service, config)
        return self._clients[service, config]

    def _new_client(self, service: str, config: Config | None) -> Any:
        return boto3.client(
            service,
            config=config,
            endpoint_url=self.described["s3_endpoint"],
            region_name=self.described["region"],
            aws_access_key_id=self.described["access_key"],
            aws_secret_access_key=self.described["secret_key"],
        )

    def start(self) -> None:
        """Start it and return when it is ready; fail with what it said when it ends instead."""
        self.state.stack_file.unlink(missing_ok=True)  # one that was killed could not remove it
        output_file = self.state.path / "launcher.out"
        with output_file.open("w") as out:
            self._process = launch(
                self.port,
                self.state.path,
                parameters=self.parameters,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.state.stack_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the stack did not start: {output_file.read_text()}")
            time.sleep(POLL_SECONDS)
        self.described = json.loads(self.state.stack_file.read_text())
        self._clients.clear()

    def stop(self) -> int:
        """Stop it as Ctrl-C does and answer its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=STOPPED_SECONDS)

    def wait_until_safe(self) -> None:
        """Wait until what was written before now survives a kill."""
        written = time.time()
        time.sleep(SAFE_AFTER_SECONDS)
        deadline = time.monotonic() + SAVED_SECONDS
        while (self.state.path / LAST_SAVE).stat().st_mtime < written:
            assert time.monotonic() < deadline, "nothing is saved"
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """End the launcher and the emulator at once, as ``kill -9`` or a power cut does."""
        assert self._process is not None
        launcher = self._process.pid
        process = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        processes = [tuple(map(int, line.split())) for line in process.stdout.splitlines()]
        for pid in (launcher, *(child for child, parent in processes if parent == launcher)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=STOPPED_SECONDS)

    def kill_function(self, name: str) -> None:
        """Kill the processes of a function, as a crash does."""
        processes = self.function_processes(name)
        assert processes, "no process of it runs"
        for pid in processes:
            os.kill(pid, signal.SIGKILL)

    def function_processes(self, name: str = "*", *, for_seconds: int = 0) -> list[int]:
        """The processes in which a function, or any, has run for so long: only their folder tells them apart."""
        folders = self.state.temporary.resolve().glob(f"ministack-lambda-*-{name}-*/code")
        here = {os.fspath(folder) for folder in folders}
        ps = subprocess.run(["ps", "-A", "-o", "pid=,etimes="], capture_output=True, text=True, check=True)
        processes = []
        for pid, age in (map(int, line.split()) for line in ps.stdout.splitlines()):
            with suppress(OSError):  # it has ended meanwhile
                if age >= for_seconds and os.readlink(f"/proc/{pid}/cwd") in here:
                    processes.append(pid)
        return processes

    @property
    def launcher(self) -> int:
        """The launcher's process id."""
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        """Tell whether the launcher runs."""
        return self._process is not None and self._process.poll() is None


def launch(
    port: int, state: Path, *, parameters: dict[str, str] | None = None, **streams: Any
) -> subprocess.Popen[str]:
    """Start a launcher as ``make run`` does, and return at once; parameters are the template's."""
    chosen = {
        "RemoteNetworks": f"{REMOTE_ADDRESS}/32",
        "MigrationTable": MIGRATION_TABLE,
        "ImportSecretName": IMPORT_SECRET,
        **(parameters or {}),
    }
    paying = {*KEY_VARIABLES, *ACCOUNT_VARIABLES, *URL_VARIABLES}
    environment = {
        # Keys of real providers stay outside: tests spend no money.
        **{name: value for name, value in os.environ.items() if name not in paying},
        "PORT": str(port),
        "STATE": str(state),
        "TEMPLATE_PARAMETERS": shlex.join(f"{name}={value}" for name, value in chosen.items()),
    }
    return subprocess.Popen([sys.executable, "-m", "local"], cwd=ROOT, env=environment, text=True, **streams)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of this folder, and no others, open sockets."""
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.loopback)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack, shared by all end-to-end tests; one that kills it starts it again."""
    started = Stack(port=any_free_port(), state=tmp_path_factory.mktemp("state"))
    started.state.write("root", ROOT_KEY)
    started.start()
    yield started
    if started.is_running():
        assert started.stop() == 0


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site of an app."""
    serving = Site(tmp_path_factory.mktemp("site"))
    yield serving
    serving.close()


@pytest.fixture(scope="session")
def app_port() -> int:
    """The port of an app with a server of its own."""
    return any_free_port()


@pytest.fixture(scope="session")
def open_stack(site: Site, app_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose API the pages of the site and of the app may read, as docs/local.md describes."""
    port = any_free_port()
    origins = f"http://localhost:{port},http://localhost:{app_port},{site.origin}"
    started = Stack(port=port, state=tmp_path_factory.mktemp("open"), parameters={"AllowedOrigins": origins})
    started.start()
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="session")
def troubled_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose functions are killed and whose disk is full at times: what is lost there is no other test's."""
    # With a quota, so that what owners store is counted.
    parameters = {"QuotaImages": "100000"}
    started = Stack(port=any_free_port(), state=tmp_path_factory.mktemp("troubled"), parameters=parameters)
    started.start()
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[CloudflareServer]:
    """The stand-in for Cloudflare's API."""
    with CloudflareServer() as server:
        yield server


@pytest.fixture(scope="session")
def choosy_stack(cloudflare: CloudflareServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that does what none does by default: it purges a zone's cache, and encrypts what is sensitive.

    The test that needs a second stack beside the first shares it too.
    """
    started = Stack(
        port=any_free_port(),
        state=tmp_path_factory.mktemp("choosy"),
        parameters={
            "CloudflareZoneId": ZONE,
            "CloudflareApiUrl": cloudflare.url,
            "EncryptSensitiveFields": "true",
        },
    )
    started.start()
    started.client("secretsmanager").create_secret(
        Name=f"{STACK_NAME}/cloudflare", SecretString=json.dumps({"api_token": TOKEN})
    )
    yield started
    assert started.stop() == 0
