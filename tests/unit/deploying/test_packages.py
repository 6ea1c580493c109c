"""The upload of the code: done once for a build, and again if anything of it is gone; reservations that fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from image_store_cli.deploying.checkout import Checkout, find_checkout
from image_store_cli.deploying.packages import package, require_room
from image_store_cli.errors import CommandError, UsageError
from tests.unit.deploying.store import store_of

ROOT = Path(__file__).resolve().parents[3]


class Bucket:
    """SAM's bucket."""

    class meta:  # noqa: N801 - the client's name
        """The client's address."""

        endpoint_url = "https://s3.eu-central-1.amazonaws.com"

    def __init__(self) -> None:
        self.objects: set[str] = set()

    def head_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        """Look for an object."""
        if f"{Bucket}/{Key}" not in self.objects:
            error = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(error, "HeadObject")

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        """Store an object."""
        assert Body
        self.objects.add(f"{Bucket}/{Key}")


class Account:
    """An account with a bucket and a limit of parallel executions."""

    def __init__(self, *, limit: int = 1000) -> None:
        self.bucket = Bucket()
        self._limit = limit

    def client(self, *_: Any, **__: Any) -> Bucket:
        """The client of S3."""
        return self.bucket

    def call(self, *_: Any) -> Any:
        """The limit."""
        return {"AccountLimit": {"ConcurrentExecutions": self._limit}}


class PlayedCheckout:
    """Packages as `sam package` does, and counts."""

    def __init__(self, account: Account, *, uploads: bool = True) -> None:
        self.count = 0
        self._account = account
        self._uploads = uploads

    def package(self, folder: Path, packaged: Path, **_: Any) -> None:
        """Write the template and upload its code."""
        del folder
        self.count += 1
        code = "s3://code/image-store/abc" if self._uploads else "local"
        resources = {
            "Function": {"Properties": {"CodeUri": code}},
            "Layer": {"Properties": {"ContentUri": code}},
            "Table": {"Properties": {}},
        }
        packaged.write_text(json.dumps({"Resources": resources}))
        self._account.bucket.objects.add("code/image-store/abc")


def upload(tmp_path: Path, account: Any, checkout: Any) -> str:
    """Package the build of a folder."""
    folder = tmp_path / "lambda-arm64"
    folder.mkdir(exist_ok=True)
    if not (folder / ".built-from").exists():
        (folder / ".built-from").write_text("first")
    return package(checkout, folder, account, store_of(), aws_account="123456789012")


def test_an_unchanged_build_is_uploaded_once(tmp_path: Path) -> None:
    account = Account()
    checkout = PlayedCheckout(account)

    first, second = upload(tmp_path, account, checkout), upload(tmp_path, account, checkout)

    assert first == second
    assert first.startswith("https://s3.eu-central-1.amazonaws.com/code/image-store/")
    assert first.endswith(".template")
    assert checkout.count == 1


def test_a_new_build_and_code_that_is_gone_are_uploaded_again(tmp_path: Path) -> None:
    account = Account()
    checkout = PlayedCheckout(account)
    upload(tmp_path, account, checkout)
    (tmp_path / "lambda-arm64/.built-from").write_text("second")

    upload(tmp_path, account, checkout)
    account.bucket.objects.clear()
    upload(tmp_path, account, checkout)

    assert checkout.count == 3


def test_a_template_without_uploaded_code_is_an_error(tmp_path: Path) -> None:
    account = Account()

    with pytest.raises(CommandError, match="uploaded no code"):
        upload(tmp_path, account, PlayedCheckout(account, uploads=False))


@pytest.mark.parametrize(("limit", "is_enough"), [(159, False), (160, True)])
def test_reservations_leave_a_hundred_executions_free(limit: int, *, is_enough: bool) -> None:
    account: Any = Account(limit=limit)
    values = {"PublicConcurrency": "20", "RenderConcurrency": "0"}

    if is_enough:
        require_room(account, values)
    else:
        with pytest.raises(UsageError, match="PublicConcurrency reserve 60"):
            require_room(account, values)


def test_tools_of_the_build_get_no_token(tmp_path: Path) -> None:
    environment = {
        "PATH": "/bin",
        "CLOUDFLARE_API_TOKEN": "x",
        "IMAGE_STORE_TOKEN": "y",
        "AWS_PROFILE": "prod",
    }

    checkout = find_checkout(ROOT / "cli", environment, print)

    assert isinstance(checkout, Checkout)
    assert checkout.root == ROOT
    assert checkout.environment == {"PATH": "/bin", "AWS_PROFILE": "prod"}
    with pytest.raises(UsageError, match="in a checkout"):
        find_checkout(tmp_path, environment, print)
