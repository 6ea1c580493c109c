"""One deployment for tests: its file, the parts of it beside the stack, and the accounts that a test plays."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import ClientError

from image_store_cli.aws import error_of
from image_store_cli.deploying.cloudflare_api import CloudflareApi
from image_store_cli.deploying.leaving import Removal
from image_store_cli.deploying.r2 import R2Account
from image_store_cli.deploying.r2_parts import Names, R2Parts
from image_store_cli.deploying.stack import Formation
from image_store_cli.deploying.store_file import R2Settings, StoreFile, parse
from tests.fakes.cloudflare_account import ACCOUNT, CloudflareAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.deploying.compatible_parts import CompatibleParts
    from image_store_cli.deploying.plan import Parts
    from image_store_cli.errors import CommandError

DOMAIN = "images.example.com"
API = "https://abc.execute-api.eu-central-1.amazonaws.com"


def described(**changes: Any) -> dict[str, Any]:
    """The content of a file, with other values for some of its settings and tables."""
    return {
        "stack": "image-store",
        "region": "eu-central-1",
        "origins": ["https://app.example.com"],
        "issuer": {"url": "https://id.example.com", "audience": "image-store"},
        "r2": {"account": ACCOUNT, "location": "weur", "public_domain": DOMAIN},
        **changes,
    }


def store_of(**changes: Any) -> StoreFile:
    """The description of a deployment."""
    return parse(described(**changes), Path("store.toml"))


class AwsAccount:
    """The part of an AWS account that holds secrets; a scheduled deletion can be undone."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.scheduled: set[str] = set()
        self.is_full = False

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Carry out an operation of Secrets Manager."""
        assert service == "secretsmanager"
        name = request.get("SecretId") or request["Name"]
        exists = name in self.secrets
        if operation == "create_secret":
            if self.is_full:
                raise refused("LimitExceededException", operation)
            if name in self.scheduled:
                raise refused("InvalidRequestException", operation)
            if exists:
                raise refused("ResourceExistsException", operation)
            self.secrets[name] = request["SecretString"]
        elif not exists:
            raise refused("ResourceNotFoundException", operation)
        elif operation == "restore_secret":
            self.scheduled.discard(name)
        elif name in self.scheduled:
            raise refused("InvalidRequestException", operation)
        elif operation == "get_secret_value":
            return {"SecretString": self.secrets[name]}
        elif operation == "put_secret_value":
            self.secrets[name] = request["SecretString"]
        elif operation == "delete_secret":
            assert 7 <= request["RecoveryWindowInDays"] <= 30
            self.scheduled.add(name)
        else:
            raise AssertionError(operation)
        return {}


def refused(code: str, operation: str) -> CommandError:
    """An error of AWS as commands see it."""
    cause = ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
    error = error_of(cause)
    error.__cause__ = cause
    return error


class Storage:
    """R2's S3 interface: it lists a bucket for the key pair of a token that may read it."""

    def __init__(self, cloudflare: CloudflareAccount, members: Mapping[str, str]) -> None:
        self._cloudflare = cloudflare
        self._members = members

    def list_objects_v2(self, *, Bucket: str, **_: Any) -> Any:  # noqa: N803 - the name is the vendor's
        """List nothing, or refuse the key pair."""
        token = self._cloudflare.tokens.get(self._members["access_key_id"])
        secret = hashlib.sha256(token["value"].encode()).hexdigest() if token else None
        resources = [name for policy in token["policies"] for name in policy["resources"]] if token else []
        if secret != self._members["secret_access_key"] or not any(
            name.endswith(f"_{Bucket}") for name in resources
        ):
            raise ClientError(
                {
                    "Error": {"Code": "AccessDenied", "Message": "Access Denied"},
                    "ResponseMetadata": {"HTTPStatusCode": 403},
                },
                "ListObjectsV2",
            )
        return {"Contents": []}


def api_of(cloudflare: CloudflareAccount, waits: list[float] | None = None) -> CloudflareApi:
    """A client of the account."""
    http = httpx.Client(transport=httpx.MockTransport(cloudflare), trust_env=False)
    sleep = (waits if waits is not None else []).append
    return CloudflareApi(cloudflare.token, account=ACCOUNT, http=http, sleep=sleep)


def parts_of(
    cloudflare: CloudflareAccount, aws: AwsAccount, *, zone: str = "", api_origin: str = "", **changes: Any
) -> R2Parts:
    """The parts of a deployment in these accounts."""
    store = store_of(**changes)
    r2 = R2Account(api_of(cloudflare), r2_of(store))
    account: Any = aws
    parts = PlayedParts(store, account, r2, Names(store, "123456789012"), zone, lambda _: None, api_origin)
    parts.cloudflare = cloudflare
    return parts


class PlayedParts(R2Parts):
    """Parts whose storage is played too."""

    cloudflare: CloudflareAccount

    def storage_with(self, members: Mapping[str, str]) -> Any:
        """R2 as the tokens of the account allow it."""
        return Storage(self.cloudflare, members)


class NoStack:
    """CloudFormation after the stack was deleted; `others` are the parameters of other stacks."""

    def __init__(self, others: Mapping[str, Mapping[str, str]]) -> None:
        self._stacks = [
            {
                "StackName": name,
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
                ],
            }
            for name, parameters in others.items()
        ]

    def describe_stacks(self, StackName: str = "", NextToken: str = "0") -> Any:  # noqa: N803 - boto3's names
        """Describe one stack a page, as CloudFormation does of many."""
        if StackName:
            raise _no_stack(StackName, "DescribeStacks")
        number = int(NextToken)
        page = self._stacks[number : number + 1]
        return {"Stacks": page, **({"NextToken": str(number + 1)} if number + 1 < len(self._stacks) else {})}

    @staticmethod
    def list_stack_resources(StackName: str) -> Any:  # noqa: N803 - boto3's name
        """Refuse: there is no such stack, SAM's included."""
        raise _no_stack(StackName, "ListStackResources")

    @staticmethod
    def list_stacks(**_: Any) -> Any:
        """Return no deleted stack either."""
        return {"StackSummaries": []}


def _no_stack(name: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": "ValidationError", "Message": f"{name} does not exist"}}
    return ClientError(answer, operation)


def removal_of(
    parts: CompatibleParts | R2Parts, aws: AwsAccount, others: Mapping[str, Mapping[str, str]] | None = None
) -> Removal:
    """What `destroy` does with the parts of a deployment whose stack is gone."""
    account: Any = aws
    formation = Formation(NoStack(others or {}), parts.store.stack, lambda _: None)
    return Removal(parts.store, account, formation, parts)


def r2_of(store: StoreFile) -> R2Settings:
    """The settings of a deployment at R2."""
    assert isinstance(store.place, R2Settings)
    return store.place


def make(parts: Parts) -> list[str]:
    """Bring every part up to date and return what changed, as a deployment does."""
    changes = []
    for step in parts.steps():
        lines = step.look()
        if lines:
            step.act()
        changes += [line.text for line in lines]
    return changes
