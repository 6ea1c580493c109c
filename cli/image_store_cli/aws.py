"""Reads the AWS account behind the API with boto3, which the extra `aws` installs; only some commands need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from image_store_cli.display.texts import plain
from image_store_cli.errors import CommandError, NotFound, NotSignedIn, Unavailable, UsageError

if TYPE_CHECKING:
    from image_store_cli.settings.command_settings import AwsAccess

NEEDS_BOTO3 = "This needs boto3: install the command line with its extra, as in `pip install '.[aws]'`."
NO_ACCESS = (
    "This command uses the AWS account of the stack: sign in to it, and name the stack with --stack, "
    "IMAGE_STORE_STACK, or `stack` in the profile."
)
LONGEST_RUN_SECONDS = 910  # a function runs for 15 minutes at most


class Account:
    """The AWS account of a stack: the stack, and clients of its services."""

    def __init__(self, access: AwsAccess | None) -> None:
        if access is None:
            raise UsageError(NO_ACCESS)
        self.access = access
        self._clients: list[Any] = []
        self._by_service: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Any:
        try:
            import boto3
            import botocore.exceptions
        except ImportError:
            raise UsageError(NEEDS_BOTO3) from None
        try:
            return boto3.Session(
                profile_name=self.access.profile,
                region_name=self.access.region,
                aws_access_key_id=self.access.access_key,
                aws_secret_access_key=self.access.secret_key,
            )
        except botocore.exceptions.BotoCoreError as wrong:
            raise UsageError(f"The AWS settings do not work: {wrong}.") from wrong

    def client(self, service: str, **options: Any) -> Any:
        """A client of one service of the account."""
        session = self._session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            connect_timeout=5,
            read_timeout=options.pop("read_timeout", 20),
            retries={"mode": "standard", "total_max_attempts": options.pop("tries", 3)},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if options.get("endpoint_url") else None,
        )
        endpoint = options.pop("endpoint_url", self.access.endpoint)
        try:
            client = session.client(service, endpoint_url=endpoint, config=config, **options)
        except BotoCoreError as wrong:
            raise UsageError(f"The AWS settings do not work: {wrong}.") from wrong
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close the connections of all clients."""
        for client in self._clients:
            client.close()

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call an operation of a service; an error becomes a CommandError."""
        if service not in self._by_service:
            self._by_service[service] = self.client(service)
        return call_operation(self._by_service[service], operation, **request)

    @property
    def place(self) -> str:
        """The stack, its region and its endpoint in words."""
        where = self.access.endpoint or f"the AWS account of {self.access.profile or 'your credentials'}"
        return f"the stack {self.access.stack} in {self._session.region_name or 'no region'}, {where}"

    @cached_property
    def stack(self) -> Stack:
        """The deployed stack as CloudFormation knows it."""
        formation = self.client("cloudformation")
        name = self.access.stack
        described = call_operation(formation, "describe_stacks", StackName=name)["Stacks"][0]
        return Stack(
            name=self.access.stack,
            status=described["StackStatus"],
            parameters={
                each["ParameterKey"]: each.get("ParameterValue", "") for each in described["Parameters"]
            },
            outputs={each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])},
            resources=stack_resources(formation, name),
        )


@dataclass(frozen=True, slots=True)
class ByteStore:
    """A store of bytes."""

    kind: str
    endpoint: str | None
    """None for AWS S3 itself."""
    region: str | None
    """None for the region of the stack."""
    secret: str | None
    """The name of the secret with the keys; None if the functions use their roles."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Parameters, outputs and resource names of a deployed stack."""

    name: str
    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    resources: dict[str, str]

    @property
    def private_store(self) -> ByteStore:
        """The store of the private bucket, by the rules of the template."""
        kind = self.parameters.get("ByteStore") or "r2"
        endpoint = self.parameters.get("R2Endpoint")
        if not endpoint and kind == "r2":
            endpoint = f"https://{self.parameters.get('R2AccountId', '')}.r2.cloudflarestorage.com"
        return self._store(kind, endpoint, region="R2Region", named="R2SecretName", usual="r2")

    @property
    def public_store(self) -> ByteStore:
        """The store of the public bucket."""
        kind = self.parameters.get("PublicByteStore")
        if not kind:
            return self.private_store
        endpoint = self.parameters.get("PublicStoreEndpoint")
        return self._store(
            kind,
            endpoint,
            region="PublicStoreRegion",
            named="PublicStoreSecretName",
            usual="public-store",
        )

    @property
    def backup_store(self) -> ByteStore:
        """The store of backups; always with keys of its own."""
        return ByteStore(
            kind="compatible",
            endpoint=self.parameters.get("BackupEndpoint") or None,
            region=self.parameters.get("BackupRegion") or "auto",
            secret=self.parameters.get("BackupSecretName") or f"{self.name}/backup",
        )

    def _store(self, kind: str, endpoint: str | None, *, region: str, named: str, usual: str) -> ByteStore:
        """A store by its kind, its address and the parameters with its region and the name of its secret."""
        in_s3 = kind == "s3"
        signed_for = self.parameters.get(region) or "auto"
        return ByteStore(
            kind=kind,
            endpoint=endpoint or None,
            region=None if in_s3 and signed_for == "auto" else signed_for,
            secret=self.parameters.get(named) or (None if in_s3 else f"{self.name}/{usual}"),
        )


def stack_resources(formation: Any, name: str) -> dict[str, str]:
    """Return the physical names of a stack's resources; of a deleted stack, named by its id, those that it left.

    DescribeStackResources returns only the first 100.
    """
    names: dict[str, str] = {}
    page: dict[str, Any] = {}
    while True:
        marks = {"NextToken": page["NextToken"]} if page else {}
        page = call_operation(formation, "list_stack_resources", StackName=name, **marks)
        names |= {
            each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
            for each in page["StackResourceSummaries"]
            if each["ResourceStatus"] != "DELETE_COMPLETE"
        }
        if not page.get("NextToken"):
            return names


def call_operation(client: Any, operation: str, **request: Any) -> Any:
    """Call an operation of a client; an error becomes a CommandError."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        return getattr(client, operation)(**request)
    except ClientError as refused:
        raise error_of(refused) from refused
    except NoCredentialsError as missing:
        raise NotSignedIn("There are no AWS credentials: sign in, or set AWS_PROFILE.") from missing
    except BotoCoreError as failed:
        raise Unavailable(f"{client.meta.service_model.service_name} does not answer: {failed}.") from failed


def is_refused(client: Any, operation: str, statuses: frozenset[int], **request: Any) -> bool:
    """Whether a call is refused with one of these statuses; CommandError for any other error."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        getattr(client, operation)(**request)
    except ClientError as refused:
        if refused.response["ResponseMetadata"]["HTTPStatusCode"] in statuses:
            return True
        raise error_of(refused) from refused
    except BotoCoreError as failed:
        raise Unavailable(f"The store of bytes does not answer: {failed}.") from failed
    return False


def error_of(refused: Any) -> CommandError:
    """Translate an error response of AWS or of an S3 server."""
    code = str(refused.response.get("Error", {}).get("Code", ""))
    status = int(refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    message = plain(str(refused.response.get("Error", {}).get("Message", "")))
    text = f"{refused.operation_name}: {code}: {message}" if message else f"{refused.operation_name}: {code}"
    if status == 404 or "NotFound" in code or "NonExistent" in code or "does not exist" in message:
        return NotFound(text)
    if status in {401, 403} or "AccessDenied" in code:
        return NotSignedIn(text)
    return Unavailable(text) if status >= 500 else CommandError(text)
