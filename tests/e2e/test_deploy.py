"""`image-store deploy` brings up a second stack from a file, is resumed, and updates it; `destroy` ends it."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.exits import Exit
from local.build import architecture
from local.settings import AUDIENCE
from tests.e2e.conftest import ROOT
from tests.e2e.second_stack import (
    ROOT_KEY,
    TOKEN_VALUE,
    CloudflareServer,
    Operator,
    SecondFront,
    apply_cors,
    wait_for_stack,
)
from tests.fakes.cloudflare_account import ACCOUNT, CloudflareAccount
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Stack

NAME = "second"
NOT_AS_WELL = {"lifecycle": "warning", "backup store": "skipped"}
"""What the doctor finds: the emulator's buckets get no rules of Cloudflare's API, and the file names no backup."""
FILE = """
stack = "{name}"
region = "us-east-1"
architecture = "{architecture}"
origins = ["https://app.example.com"]

[issuer]
url = "{issuer}"
audience = "{audience}"
console_client_id = "console"

[r2]
account = "{account}"
public_url = "{url}/cdn"

[parameters]
ApiUrl = "{url}"
R2Endpoint = "{r2}"
R2Region = "us-east-1"
LogRetentionDays = {days}
TableName = "{table}"
RaiseAlarms = false
ShowDashboard = false

[first_key]
name = "backend"
"""


@dataclass
class Second:
    """The second deployment: who operates it, its file, and the accounts behind it."""

    operator: Operator
    file: Path
    url: str
    cloudflare: CloudflareAccount
    stack: Stack
    key: str = ""
    image: str = ""

    def write(self, *, days: int = 30, table: str = "") -> None:
        """Fill in the file."""
        text = FILE.format(
            name=NAME,
            architecture=architecture(),
            issuer=self.stack.described["issuer"],
            audience=AUDIENCE,
            account=ACCOUNT,
            url=self.url,
            r2=self.stack.described["s3_endpoint"],
            days=days,
            table=table,
        )
        self.file.write_text(text)

    def formation(self) -> dict[str, Any]:
        """The stack in CloudFormation."""
        found_stacks = self.stack.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        described: dict[str, Any] = found_stacks[0]
        return described

    def api(self) -> httpx.Client:
        """A client of the API with the first key."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)


@pytest.fixture(scope="module")
def second(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Second]:
    """A file and accounts without anything in them, beside the stack that runs."""
    home = tmp_path_factory.mktemp("operator")
    cloudflare = CloudflareAccount()
    storage = stack.client("s3")
    cloudflare.on_bucket = lambda name: storage.create_bucket(Bucket=name)
    cloudflare.on_cors = lambda name, rules: apply_cors(storage, name, rules)
    cloudflare.new_token = lambda _: (ROOT_KEY["access_key"], TOKEN_VALUE)
    with (
        CloudflareServer(cloudflare) as server,
        SecondFront(stack, name=NAME, public_bucket=f"{NAME}-public") as front,
    ):
        operator = Operator(stack, server.base, token=cloudflare.token, root=ROOT, home=home)
        deployment = Second(operator, home / "store.toml", front.url, cloudflare, stack)
        deployment.write()
        yield deployment
        stack.client("cloudformation").delete_stack(StackName=NAME)  # nothing, unless a test failed


def test_a_dry_run_changes_nothing(second: Second) -> None:
    lines, _ = second.operator.run("deploy", str(second.file), "--dry-run")

    assert {line["part"] for line in lines if "change" in line} == {
        "bucket",
        "lifecycle",
        "CORS",
        "R2 key",
        "stack",
    }
    assert {method for method, _ in second.cloudflare.calls} == {"GET"}
    assert second.cloudflare.buckets == {}


def test_a_deployment_that_is_killed_is_resumed(second: Second) -> None:
    process = second.operator.start("deploy", str(second.file), "--yes")
    wait_for_stack(second.stack, NAME)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    lines, printed = second.operator.run("deploy", str(second.file), "--yes")

    [result] = [line for line in lines if "addresses" in line]
    second.key = result["key"]
    assert result["addresses"]["console"] == f"{second.url}/"
    assert result["addresses"]["images"] == f"{second.url}/cdn"
    statuses = {line["check"]: line["status"] for line in lines if "check" in line}
    assert {check: status for check, status in statuses.items() if status != "ok"} == NOT_AS_WELL
    assert len(second.cloudflare.tokens) == 1
    [upload] = [rule for rule in second.cloudflare.buckets["default", f"{NAME}-private"].cors or []
                if rule["id"] == "image-store-upload"]  # fmt: skip
    assert upload["allowed"]["origins"] == sorted([second.url, "https://app.example.com"])
    secrets = {*second.cloudflare.secrets(), ROOT_KEY["secret_key"]}
    assert not [secret for secret in secrets if secret in printed + second.file.read_text()]


def test_the_first_key_stores_and_publishes_an_image_in_the_second_stack_alone(second: Second) -> None:
    with second.api() as api:
        answer = api.post(
            "/v1/images",
            content=jpeg(320, 200),
            headers={"Content-Type": "image/jpeg"},
            params={"visibility": "public"},
        )

        assert answer.status_code == 201, answer.text
        second.image = answer.json()["id"]
        copy = api.get(answer.json()["public_url"], follow_redirects=True)
    assert copy.status_code == 200
    assert str(copy.url).startswith(f"{second.url}/cdn/")
    with second.stack.http("admin", scope="images:admin") as other:
        assert other.get(f"/v1/images/{second.image}").status_code == 404


def test_another_run_updates_what_the_file_changes_and_says_so_before(second: Second) -> None:
    second.write(days=7)

    lines, _ = second.operator.run("deploy", str(second.file), "--yes")

    changes = [line for line in lines if "change" in line]
    assert {"change": "change", "part": "parameter LogRetentionDays", "detail": "30 → 7"} in changes
    # The emulator marks more than CloudFormation does as what may be replaced.
    assert not [line for line in changes if line["change"] == "remove" or "is REPLACED" in line["detail"]]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in second.formation()["Parameters"]}
    assert parameters["LogRetentionDays"] == "7"
    assert not any("key" in line for line in lines)
    with second.api() as api:
        assert api.get(f"/v1/images/{second.image}").status_code == 200


def table_of(second: Second) -> str:
    """The name of the table that the stack names."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in second.formation()["Outputs"]}
    return str(outputs["TableName"])


def test_a_table_is_replaced_only_if_it_was_deleted(second: Second) -> None:
    before, dynamo = table_of(second), second.stack.client("dynamodb")
    second.write(days=7, table="second-2")

    _, refusal = second.operator.run("deploy", str(second.file), "--yes", exit_code=Exit.USAGE)
    assert "all metadata is in it" in refusal
    dynamo.delete_table(TableName=before)
    second.write(days=7)
    _, hint = second.operator.run("deploy", str(second.file), "--dry-run")
    second.write(days=7, table="second-2")
    lines, _ = second.operator.run("deploy", str(second.file), "--yes")

    assert f"The table {before} was deleted." in hint
    assert "TableName" in hint
    [second.key] = [line["key"] for line in lines if "key" in line]
    assert table_of(second) == "second-2"
    with second.api() as api:
        stored = api.post("/v1/images", content=jpeg(32, 20), headers={"Content-Type": "image/jpeg"}).json()
        assert [card["id"] for card in api.get("/v1/images").json()["items"]] == [stored["id"]]


def test_destroy_deletes_the_stack_and_keeps_the_images(second: Second) -> None:
    table = table_of(second)

    lines, _ = second.operator.run("destroy", str(second.file), "--name", NAME)
    again, _ = second.operator.run("destroy", str(second.file), "--name", NAME)

    stays = [line for line in lines if "stays" in line]
    assert any(table in line["stays"] for line in stays)
    assert any(line["usd_per_month"] == 1.0 for line in stays)
    assert second.cloudflare.tokens == {}
    with pytest.raises(second.stack.client("cloudformation").exceptions.ClientError):
        second.formation()
    kept_objects = second.stack.client("s3").list_objects_v2(Bucket=f"{NAME}-private")["Contents"]
    assert any(second.image in each["Key"] for each in kept_objects)
    assert not any("goes" in line for line in again)
