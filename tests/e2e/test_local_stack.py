"""The launcher's promises: one stack a state folder, nothing lost, and the real gateway's refusals."""

from __future__ import annotations

import io
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from botocore.exceptions import ClientError
from PIL import Image

from image_store.adapters.dynamodb.keys import CLEANUP_LEASE
from local.build import build_folder
from local.issuer_keys import issuer_keys
from local.ports import any_free_port
from local.settings import PRIVATE_BUCKET, R2_SECRET
from tests.e2e.conftest import ROOT, Stack, launch
from tests.e2e.test_find import eventually
from tests.e2e.test_images import list_ids
from tests.e2e.test_images import upload as store_image

REFUSED_SECONDS = 60
LISTENING = "0A"
LOOPBACK_ADDRESSES = {"0100007F", "00000000000000000000000001000000"}
FIELDS = {
    "api_url",
    "openai_url",
    "console_url",
    "mcp_url",
    "issuer",
    "token_url",
    "second_issuer",
    "second_token_url",
    "s3_endpoint",
    "table",
    "private_bucket",
    "public_bucket",
    "public_url",
    "ingest_bucket",
    "backup_bucket",
    "stack_name",
    "log_file",
    "providers_url",  # there where no key of a real provider is in the environment
    "region",
    "access_key",
    "secret_key",
}


def store(stack: Stack, name: str) -> None:
    """Put one row and one object under a name."""
    key = {"pk": {"S": name}, "sk": {"S": "TEST"}}
    stack.client("dynamodb").put_item(TableName=stack.described["table"], Item=key)
    stack.client("s3").put_object(Bucket=PRIVATE_BUCKET, Key=f"test/{name}", Body=name.encode())


def is_stored(stack: Stack, name: str) -> bool:
    """Tell whether both are there."""
    key = {"pk": {"S": name}, "sk": {"S": "TEST"}}
    row = stack.client("dynamodb").get_item(TableName=stack.described["table"], Key=key)
    content = stack.client("s3").get_object(Bucket=PRIVATE_BUCKET, Key=f"test/{name}")["Body"].read()
    return "Item" in row and content == name.encode()


def upload(stack: Stack, color: str) -> str:
    """Store a picture of one color and answer its id."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(picture, "PNG")
    request = urllib.request.Request(  # noqa: S310 - the stack's address
        f"{stack.api_url}/v1/images",
        data=picture.getvalue(),
        headers={"Authorization": f"Bearer {stack.token()}", "Content-Type": "image/png"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        image_id: str = json.load(answer)["id"]
        return image_id


def private_keys(stack: Stack, image_id: str) -> list[str]:
    """Answer the keys in the private bucket that name an image."""
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=PRIVATE_BUCKET)
    return [entry["Key"] for page in pages for entry in page.get("Contents", []) if image_id in entry["Key"]]


def status(stack: Stack, path: str, token: str | None = None) -> int:
    """Answer the status of a GET."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{stack.api_url}{path}", headers=headers)  # noqa: S310 - the stack's address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            code: int = answer.status
            return code
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def listening_ports(stack: Stack) -> set[int]:
    """Answer the ports at which the stack listens, on whatever address; functions' processes count too."""
    process = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    processes = [tuple(map(int, line.split())) for line in process.stdout.splitlines()]
    family = {stack.launcher}
    while more := {pid for pid, parent in processes if parent in family} - family:
        family |= more
    sockets = set()
    for pid in family:
        with suppress(OSError):  # a function's process may have ended
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    sockets.add(os.readlink(entry))
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENING and f"socket:[{rest[5]}]" in sockets:
                address, _, port = local.partition(":")
                assert address in LOOPBACK_ADDRESSES, f"the stack listens at {local}"
                ports.add(int(port, 16))
    return ports


def refusal(port: int, state: Path) -> tuple[int, str]:
    """Start a launcher that must end by itself; answer its exit code and what it said."""
    process = launch(port, state, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=REFUSED_SECONDS)
    return process.returncode, output


def test_the_stack_file_has_the_documented_fields_and_is_private(stack: Stack) -> None:
    assert set(stack.described) == FIELDS
    assert stack.state.stack_file.stat().st_mode & 0o077 == 0


def test_the_stack_listens_on_loopback_at_its_four_ports_and_nowhere_else(stack: Stack) -> None:
    addresses = (stack.described[name] for name in ("api_url", "issuer", "s3_endpoint", "providers_url"))

    assert listening_ports(stack) == {int(address.rpartition(":")[2]) for address in addresses}


@dataclass(frozen=True)
class Restart:
    """What was there before a stop, and what the launcher left and said after it."""

    image_id: str
    """Of an image that was stored in the last moment."""
    token: str
    exit_code: int
    kept_stack_file: bool
    output: str


@pytest.fixture(scope="module")
def restart(stack: Stack) -> Restart:
    """A stop of the stack and another start, once for all tests of it."""
    store(stack, "stopped")
    token = stack.token()
    with stack.http("hasty") as http:
        image = store_image(http, tag="last-moment")
    exit_code = stack.stop()
    kept_stack_file = stack.state.stack_file.exists()
    stack.start()
    output = (stack.state.path / "launcher.out").read_text()
    return Restart(image["id"], token, exit_code, kept_stack_file, output)


def test_an_image_stored_just_before_a_stop_is_found_after_it(stack: Stack, restart: Restart) -> None:
    with stack.http("hasty") as http:
        eventually(lambda: list_ids(http, tag="last-moment"), [restart.image_id])


def test_data_and_tokens_survive_a_stop_and_nothing_is_compared_after_it(
    stack: Stack, restart: Restart
) -> None:
    assert (restart.exit_code, restart.kept_stack_file) == (0, False)
    assert is_stored(stack, "stopped")
    assert status(stack, "/v1/images", restart.token) == 200
    assert "the last stop was not clean" not in restart.output


@pytest.mark.usefixtures("restart")
def test_the_stream_is_followed_on_after_a_restart(stack: Stack) -> None:
    with stack.http("returner") as http:
        image = store_image(http, tag="later")

        eventually(lambda: list_ids(http, tag="later"), [image["id"]])


def test_after_a_kill_what_is_older_than_a_few_seconds_is_there_and_table_and_buckets_agree(
    stack: Stack,
) -> None:
    """What a kill leaves: bytes of records that were not saved, and here also a record without its bytes."""
    kept_id, lost = upload(stack, "#102030"), upload(stack, "#405060")
    store(stack, "killed")
    storage = stack.client("s3")
    [original] = [key for key in private_keys(stack, lost) if "/original." in key]
    storage.delete_object(Bucket=PRIVATE_BUCKET, Key=original)
    orphan = f"images/0192d0c0-0000-7000-8000-000000000001/{'0' * 16}/original.png"
    storage.put_object(Bucket=PRIVATE_BUCKET, Key=orphan, Body=b"bytes without a record")
    in_an_hour = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%S.000000Z}"
    a_dead_run = {"holder": {"S": "a dead run"}, "until": {"S": in_an_hour}, "token": {"N": "7"}}
    stack.client("dynamodb").put_item(TableName=stack.described["table"], Item=CLEANUP_LEASE | a_dead_run)
    stack.wait_until_safe()

    stack.kill()
    stack.start()

    assert is_stored(stack, "killed")
    token = stack.token()
    assert status(stack, f"/v1/images/{kept_id}/content", token) == 200
    assert status(stack, f"/v1/images/{lost}", token) == 404
    assert private_keys(stack, lost) == []
    assert orphan not in private_keys(stack, "")
    output = (stack.state.path / "launcher.out").read_text()
    assert "without their object were removed." in output


def test_a_second_launcher_on_the_same_state_says_so_in_one_sentence(stack: Stack) -> None:
    code, output = refusal(any_free_port(), stack.state.path)

    assert code == 2
    assert output.startswith("error: Another stack uses the state folder")
    assert output.count("\n") == 1


def test_a_busy_port_is_named_in_one_sentence(stack: Stack, tmp_path: Path) -> None:
    code, output = refusal(stack.port, tmp_path)

    assert code == 2
    assert output.startswith(f"error: Port {stack.port} is not free")
    assert output.count("\n") == 1


def test_a_damaged_table_stops_the_start_and_is_left_as_it_is(tmp_path: Path) -> None:
    damaged = tmp_path / "emulator/dynamodb.json"
    damaged.parent.mkdir()
    damaged.write_text('{"half a')

    code, output = refusal(any_free_port(), tmp_path)

    assert code == 2
    assert f"The saved state in {damaged} is damaged" in output
    assert "Traceback" not in output
    assert damaged.read_text() == '{"half a'


def test_two_stacks_run_side_by_side_and_share_nothing(stack: Stack, choosy_stack: Stack) -> None:
    store(stack, "first-only")

    assert status(choosy_stack, "/v1/images", choosy_stack.token()) == 200
    assert status(choosy_stack, "/v1/images", stack.token()) == 401
    listing = choosy_stack.client("s3").list_objects_v2(Bucket=PRIVATE_BUCKET, Prefix="test/")
    assert listing["KeyCount"] == 0


def claims(stack: Stack, **changes: Any) -> dict[str, Any]:
    """Answer good claims with changes; None leaves one out."""
    now = datetime.now(UTC)
    good = {
        "iss": stack.described["issuer"],
        "aud": "image-store",
        "sub": "alice",
        "iat": now - timedelta(hours=2),
        "exp": now + timedelta(hours=1),
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 200),
        ({"exp": None}, 401),
        ({"exp": datetime.now(UTC) - timedelta(hours=1)}, 401),
        ({"aud": "another-service"}, 401),
        ({"iss": "http://localhost:1"}, 401),
    ],
)
def test_the_authorizer_takes_good_tokens_only(stack: Stack, changes: dict[str, Any], expected: int) -> None:
    key = issuer_keys(stack.state)[0]

    token = jwt.encode(claims(stack, **changes), key.private, key.algorithm, headers={"kid": key.id})

    assert status(stack, "/v1/images", token) == expected


def test_every_route_of_the_template_is_deployed_with_its_authorizer(stack: Stack) -> None:
    functions = yaml.safe_load((build_folder(ROOT) / "template.yaml").read_text())["Resources"].values()
    events = [
        event["Properties"]
        for function in functions
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    routes = {
        f"{event['Method'].upper()} {event['Path']}": "CUSTOM"
        if event.get("Auth") == {"Authorizer": "Caller"}
        else "NONE"
        for event in events
    }
    [api] = stack.client("apigatewayv2").get_apis()["Items"]

    deployed = stack.client("apigatewayv2").get_routes(ApiId=api["ApiId"])["Items"]

    assert {route["RouteKey"]: route["AuthorizationType"] for route in deployed} == routes


@pytest.mark.parametrize(
    ("path", "token", "body", "status_", "has_cors"),
    [
        ("/v1/images", "good", None, 200, True),
        ("/v1/images", "bad", None, 401, True),
        ("/v1/images", "", None, 401, False),
        ("/v1/images", "good", bytes(5 * 1024 * 1024), 413, False),
    ],
)
def test_answers_of_functions_have_cors_headers_and_the_gateways_own_have_none(
    stack: Stack, path: str, token: str, body: bytes | None, status_: int, has_cors: bool
) -> None:
    headers = {"Origin": stack.api_url, "Content-Type": "image/png"}
    if token:
        headers["Authorization"] = f"Bearer {stack.token() if token == 'good' else 'a.b.c'}"
    request = urllib.request.Request(f"{stack.api_url}{path}", data=body, headers=headers)  # noqa: S310 - as above
    try:
        answer = urllib.request.urlopen(request, timeout=30)  # noqa: S310
    except urllib.error.HTTPError as refused:
        answer = refused

    with answer:
        assert answer.status == status_
        assert ("Access-Control-Allow-Origin" in answer.headers) is has_cors


def test_the_log_holds_no_link_to_an_image(stack: Stack) -> None:
    with stack.http("logged") as http:
        image = store_image(http, visibility="unlisted")
        link = image["public_url"].rpartition("/")[2]
        assert http.get(f"/i/{link}").status_code in {301, 302, 307, 308}
        assert http.get(f"/i/{link}/thumb").status_code in {301, 302, 307, 308}
    time.sleep(1)

    log = stack.state.log.read_text()

    assert "GET /i/{link} " in log
    assert "GET /i/{link}/{preset} " in log
    assert link not in log


def test_without_a_token_only_public_routes_answer(stack: Stack) -> None:
    assert status(stack, "/v1/images") == 401
    assert status(stack, "/v1/health") == 200


def test_the_r2_key_reaches_the_two_buckets_and_nothing_else(stack: Stack) -> None:
    secret = stack.client("secretsmanager").get_secret_value(SecretId=R2_SECRET)["SecretString"]
    pair = json.loads(secret)
    stack_as_r2 = Stack(port=stack.port, state=stack.state.path)
    stack_as_r2.described = stack.described | {
        "access_key": pair["access_key_id"],
        "secret_key": pair["secret_access_key"],
    }
    storage = stack_as_r2.client("s3")

    storage.put_object(Bucket=PRIVATE_BUCKET, Key="test/r2", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        storage.put_object(Bucket=stack.described["ingest_bucket"], Key="ingest/alice/x.png", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        stack_as_r2.client("dynamodb").scan(TableName=stack.described["table"])


def test_a_presigned_address_of_a_private_object_needs_no_other_key(stack: Stack) -> None:
    store(stack, "presigned")
    address = stack.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": PRIVATE_BUCKET, "Key": "test/presigned"}
    )

    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - the emulator's own address
        assert answer.read() == b"presigned"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.partition("?")[0], timeout=10)  # noqa: S310
