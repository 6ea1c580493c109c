"""An import of 1,000 images from a local S3 against `aws s3 sync` of the same bucket, by the clock.

The aws command copies objects and nothing else; ours has each picture checked, recorded and rendered by the store. Both
wait for the same emulator on the same processors, so the ratio of a pair hardly depends on what else the machine does.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement, compare
from tests.benchmarks.uploads import AWS, RUN_SECONDS
from tests.e2e.conftest import IMPORT_SECRET, Stack
from tests.pictures import jpeg

IMAGES = 1_000
PAIRS = 2
BAR = 8.0
BUCKET = "old-photos"
POLL_SECONDS = 0.25


def measure(_: Path) -> Iterator[Measurement]:
    """Compare both; one run of each warms up."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "state").mkdir()
        stack = Stack(
            port=any_free_port(),
            state=folder / "state",
            parameters={"ImportSecretName": IMPORT_SECRET, "RemoteNetworks": "127.0.0.0/8"},
        )
        stack.start()
        try:
            yield from _compared(stack, folder)
        finally:
            stack.stop()


def _compared(stack: Stack, folder: Path) -> Iterator[Measurement]:
    described = stack.described
    storage = stack.client("s3")
    storage.create_bucket(Bucket=BUCKET)
    for number in range(IMAGES):
        storage.put_object(
            Bucket=BUCKET,
            Key=f"{number:04}.jpg",
            Body=jpeg(160 + number % 200, 120),
            ContentType="image/jpeg",
        )
    source = {
        "kind": "s3",
        "endpoint": described["s3_endpoint"].replace("localhost", "127.0.0.1"),
        "region": described["region"],
        "bucket": BUCKET,
        "access_key_id": described["access_key"],
        "secret_access_key": described["secret_key"],
    }
    stack.client("secretsmanager").create_secret(Name=IMPORT_SECRET, SecretString=json.dumps({"old": source}))
    numbers = count()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": described["access_key"],
        "AWS_SECRET_ACCESS_KEY": described["secret_key"],
        "AWS_DEFAULT_REGION": described["region"],
    }

    def ours() -> float:
        started = time.monotonic()
        with stack.admin() as admin:
            # For another owner the same images are stored again.
            request = {"source": "old", "owner": f"owner-{next(numbers)}"}
            begun: dict[str, Any] = admin.post("/v1/admin/imports", json=request).json()
            job = begun
            while job["status"] in {"queued", "running", "waiting"}:
                time.sleep(POLL_SECONDS)
                answer = admin.get(f"/v1/admin/imports/{begun['id']}")
                if answer.status_code < 500:  # a busy machine may answer late; the import goes on
                    job = answer.json()
        assert job["progress"]["stored"] == IMAGES, job
        return (time.monotonic() - started) * 1000

    def theirs() -> float:
        started = time.monotonic()
        target = f"s3://{described['private_bucket']}/compared/{next(numbers)}/"
        command = [str(AWS), "s3", "sync", "--quiet", f"s3://{BUCKET}", target]
        command += ["--endpoint-url", described["s3_endpoint"]]
        subprocess.run(command, env=environment, check=True, timeout=RUN_SECONDS, cwd=folder)
        return (time.monotonic() - started) * 1000

    result = compare(ours, theirs, pairs=PAIRS)
    detail = f"{result.ours_ms / 1000:.1f} s against {result.theirs_ms / 1000:.1f} s for {IMAGES:,} images"
    yield Measurement("import1000_vs_aws_sync", result.ratio, "×", BAR, detail)
