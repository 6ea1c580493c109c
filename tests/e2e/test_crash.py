"""A storm of requests while the functions' processes are killed, then cleanup, then a recount of everything."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e import anyone
from tests.e2e.test_direct_uploads import send
from tests.e2e.test_images import JPEG
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

STORM_SECONDS = float(os.environ.get("SOAK_STORM_SECONDS", "15"))
CLIENTS = 3
BETWEEN_KILLS_SECONDS = 1.0
STARTED_SECONDS = 7
"""After which a function has started: the emulator does not get over the death of one that is starting."""
LONG_AGO = "2000-01-01T00:00:00.000000Z"


@dataclass
class Told:
    """What a client was told of one image; `unsure` once an answer did not come."""

    sha256: str
    gone: bool = False
    public: bool = False
    unsure: bool = False


@dataclass
class Client:
    """One owner in the storm."""

    owner: str
    images: dict[str, Told] = field(default_factory=dict)
    failed: int = 0


@pytest.fixture
def stack(troubled_stack: Stack) -> Stack:
    """The stack whose functions may die; nothing else has stored anything in it, for all of it is counted."""
    return troubled_stack


def kill_now_and_then(stack: Stack, until: float, rng: random.Random) -> int:
    """Kill a worker again and again, as a crash or the end of a function's time does; answer how many."""
    killed = 0
    while time.monotonic() < until:
        time.sleep(BETWEEN_KILLS_SECONDS)
        process_ids = stack.function_processes(for_seconds=STARTED_SECONDS)
        if process_ids:
            with suppress(ProcessLookupError):
                os.kill(rng.choice(process_ids), signal.SIGKILL)
                killed += 1
    return killed


def storm(stack: Stack, client: Client, until: float, rng: random.Random) -> None:
    """Store, publish, unpublish and delete until the time is over."""
    number = 0
    with stack.http(client.owner) as http:
        http.timeout = httpx.Timeout(20)
        while time.monotonic() < until:
            number += 1
            with suppress(httpx.HTTPError):
                one_of_everything(http, client, jpeg(80 + number, 60 + rng.randrange(9)), rng)


def store(http: httpx.Client, data: bytes, *, direct: bool) -> httpx.Response:
    """Store an image in one of the two ways; what a broken off direct upload leaves is for cleanup."""
    if not direct:
        return http.post("/v1/images", content=data, headers=JPEG)
    announced = {
        "content_type": "image/jpeg",
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    begun = http.post("/v1/uploads", json=announced)
    if begun.status_code != 201:
        return begun
    ticket = begun.json()
    assert send(ticket, data) == 200
    return http.post(f"/v1/uploads/{ticket['id']}/complete")


def one_of_everything(http: httpx.Client, client: Client, data: bytes, rng: random.Random) -> None:
    stored = store(http, data, direct=rng.random() < 0.4)
    if stored.status_code != 201:
        client.failed += 1
        return
    acknowledged = client.images[stored.json()["id"]] = Told(hashlib.sha256(data).hexdigest())
    path = f"/v1/images/{stored.json()['id']}"
    for what in rng.choice([[], ["public"], ["public", "private"], ["delete"], ["public", "delete"]]):
        acknowledged.unsure = True
        answer = (
            http.delete(path, params={"permanent": "true"})
            if what == "delete"
            else http.patch(path, json={"visibility": what})
        )
        if answer.status_code not in {200, 204}:
            client.failed += 1
            return
        acknowledged.unsure = False
        acknowledged.gone, acknowledged.public = what == "delete", what == "public"


def let_time_pass(stack: Stack) -> None:
    """Make every deadline but the trash's lie in the past: nobody can move the functions' clocks."""
    table = stack.client("dynamodb")
    for item in items_of(stack):
        if "due_at" in item and item.get("state", {}).get("S") in {None, "pending", "deleting", "tombstone"}:
            table.update_item(
                TableName=stack.described["table"],
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET due_at = :past",
                ExpressionAttributeValues={":past": {"S": LONG_AGO}},
            )


def clean(stack: Stack) -> dict[str, Any]:
    """Run the cleanup function now, and let it compare table and buckets."""
    functions = stack.client("lambda")
    (name,) = (
        function["FunctionName"]
        for function in functions.list_functions(MaxItems=100)["Functions"]
        if "Cleanup" in function["FunctionName"]
    )
    payload = json.dumps({"reconcile": True, "max_deletions": 100_000}).encode()
    answer = functions.invoke(FunctionName=name, Payload=payload)
    assert "FunctionError" not in answer
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report


def items_of(stack: Stack) -> list[dict[str, Any]]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.described["table"])
    return [item for page in pages for item in page["Items"]]


def keys_in(stack: Stack, bucket: str) -> set[str]:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.described[bucket])
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_a_storm_over_dying_functions_loses_and_leaves_nothing(stack: Stack) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - told when it fails
    rng = random.Random(seed)  # noqa: S311 - as above
    logging.getLogger(__name__).warning("seed %d", seed)
    clients = [Client(f"crash-{seed}-{number}") for number in range(CLIENTS)]
    with stack.http(
        clients[0].owner
    ) as http:  # the first answers come from processes that are still starting
        one_of_everything(http, clients[0], jpeg(70, 50), rng)
    until = time.monotonic() + STORM_SECONDS

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        killer = pool.submit(kill_now_and_then, stack, until, rng)
        for running in [
            pool.submit(storm, stack, client, until, random.Random(rng.random()))  # noqa: S311 - as above
            for client in clients
        ]:
            running.result()
        killed = killer.result()

    for _ in range(4):  # a step for each state, then one that finds nothing to do
        let_time_pass(stack)
        report = clean(stack)
    assert killed
    assert (report["failed"], report["stopped_because"], report["orphans"], report["dangling"]) == (
        0,
        None,
        0,
        0,
    )
    recount(stack)
    for client in clients:
        with stack.http(client.owner) as http:
            for image_id, acknowledged in client.images.items():
                check(http, image_id, acknowledged)
    assert any(client.images for client in clients), "nothing was stored in this storm"


def recount(stack: Stack) -> None:
    """The table says what the buckets hold, and each owner's usage is what the records say."""
    items = items_of(stack)
    records = {
        item["id"]["S"]: (item["state"]["S"], item["attempt"]["S"], json.loads(item["record"]["S"]))
        for item in items
        if item["sk"]["S"] == "META"
    }
    assert {state for state, _, _ in records.values()} <= {"ready", "trashed"}
    counts = {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/gif": "gif",
        "image/webp": "webp",
        "image/avif": "avif",
    }
    private, public = set(), set()
    usage: dict[str, list[int]] = {}
    for image_id, (state, attempt, record) in records.items():
        folder = f"{record['folder']}{image_id}/{attempt}/"
        names = [text.partition(":")[0] for text in record["renditions"]]
        private |= {f"{folder}original.{counts[record['type']]}", *(folder + name for name in names)}
        if state == "ready" and record["publication"]:
            public |= {f"p/{record['publication']}/{name}" for name in names}
        counted = usage.setdefault(record["owner"], [0, 0])
        counted[0] += 1
        counted[1] += record["size"]
    assert keys_in(stack, "private_bucket") == private
    assert keys_in(stack, "public_bucket") == public
    stored = {
        item["pk"]["S"]: [int(item["images"]["N"]), int(item["size_bytes"]["N"])]
        for item in items
        if item["sk"]["S"] == "QUOTA"
    }
    assert {pk: count for pk, count in stored.items() if count != [0, 0]} == {
        f"QUOTA#{owner}": count for owner, count in usage.items()
    }


def check(http: httpx.Client, image_id: str, acknowledged: Told) -> None:
    """What was acknowledged is so."""
    answer = http.get(f"/v1/images/{image_id}")
    if acknowledged.unsure:
        assert answer.status_code in {200, 404}
        return
    assert answer.status_code == (404 if acknowledged.gone else 200), image_id
    if not acknowledged.gone:
        assert (answer.json()["visibility"] == "public") == acknowledged.public
        content = http.get(f"/v1/images/{image_id}/content").headers["location"]
        assert hashlib.sha256(anyone.get(content).content).hexdigest() == acknowledged.sha256
