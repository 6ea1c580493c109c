"""S3 servers of others on this machine: MiniStack's, and SeaweedFS as a real store of bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from image_store.adapters.objects import s3_client
from image_store.adapters.presign import AccessKeys
from image_store.domain.images.byte_stores import ByteStore
from local.ports import any_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[3]
KEYS = AccessKeys("testing", "testing-secret")
BUCKETS = ("private", "public")
REGION = "us-east-1"
READY_SECONDS = 60
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class S3Server:
    """A running server, with the two buckets, and what kind of store it is."""

    endpoint: str
    kind: ByteStore
    client: Any

    def empty(self) -> None:
        """Delete every object of both buckets."""
        for bucket in BUCKETS:
            while keys := [
                {"Key": each["Key"]}
                for each in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
            ]:
                self.client.delete_objects(Bucket=bucket, Delete={"Objects": keys})


@contextmanager
def ministack(folder: Path) -> Iterator[S3Server]:
    """MiniStack with S3 alone, without the project's own parts."""
    port = any_free_port()
    command = [str(ROOT / ".venv-ministack/bin/python"), "-P", "-m", "ministack"]
    environment = {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": KEYS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": KEYS.secret_access_key,
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "MINISTACK_REGION": REGION,
        "PATH": os.defpath,
    }
    with _running(command, folder, environment):
        yield _ready(f"http://127.0.0.1:{port}", "/_ministack/health", ByteStore.COMPATIBLE)


@contextmanager
def seaweedfs(folder: Path) -> Iterator[S3Server]:
    """SeaweedFS with all of its parts in one process. Every port must be named, or its parts choose known ones."""
    identity = {
        "name": "store",
        "credentials": [{"accessKey": KEYS.access_key_id, "secretKey": KEYS.secret_access_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    ports = {name: any_free_port() for name in (*names, "filer.port", "filer.port.grpc")}
    command = [
        str(ROOT / ".venv-seaweedfs/bin/weed"), "server", "-filer", "-s3", f"-dir={folder / 'data'}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={folder / 's3.json'}", "-s3.iam=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=0", "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",  # or it reports to its makers
        *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    try:
        with _running(command, folder, {"HOME": str(folder), "PATH": os.defpath}):
            yield _ready(f"http://127.0.0.1:{ports['s3.port']}", "/healthz", ByteStore.SEAWEEDFS)
    finally:
        for part in ("master", "s3", "volume"):
            for port in ports.values():
                Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 - the server's own choice


@contextmanager
def _running(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a server whose data nobody needs afterwards: it is killed, because stopping takes seconds."""
    assert Path(command[0]).exists(), f"{command[0]} is missing: run `make test`, which installs it"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ready(endpoint: str, health: str, kind: ByteStore) -> S3Server:
    """Wait until a server answers and has the buckets."""
    client = s3_client(
        session=get_session(),
        endpoint=endpoint,
        region=REGION,
        access_key_id=KEYS.access_key_id,
        secret_access_key=KEYS.secret_access_key,
        store=kind,
    )
    missing = list(BUCKETS)
    until = time.monotonic() + READY_SECONDS
    while missing:
        assert time.monotonic() < until, f"{endpoint} has not become ready"
        try:
            with urllib.request.urlopen(f"{endpoint}{health}", timeout=5):  # noqa: S310 - our own address
                client.create_bucket(Bucket=missing[-1])
                missing.pop()
        except (URLError, OSError, BotoCoreError, ClientError):
            time.sleep(POLL_SECONDS)
    return S3Server(endpoint, kind, client)
