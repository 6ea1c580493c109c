"""The two buckets, their rules and the key pair at any store with S3's API, whose account is not ours to manage.

What a store refuses to do through S3's API, such as creating a bucket or keeping rules, is reported and has to be done
in its own console. Only one thing stops a deployment: a store that replaces objects, because images would be lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation
from image_store_cli.deploying.keys import KEY_MEMBERS, Secrets, is_key_pair, key_fault
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.deploying.s3 import aws_code
from image_store_cli.doctor.byte_stores import StoreTrial
from image_store_cli.doctor.results import CheckResult, CheckResults, Status
from image_store_cli.errors import CommandError, NotFound, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.stack_secrets import StackSecret
    from image_store_cli.deploying.store_file import CompatibleSettings

BUCKET_ADVICE = "Create it in the store's console, private, and run this again."


@dataclass(slots=True)
class StoreAccess:
    """Reaches the store with the key pair of the secret; if that does not work, with one that somebody gives.

    The key pair is asked for once in a run, and nothing but the secret keeps it.
    """

    settings: CompatibleSettings
    account: Account
    secret: StackSecret
    open_storage: Callable[[Mapping[str, str]], Any]
    """Makes an S3 client of the store with a key pair."""
    ask: Callable[[], tuple[str, str]]
    """Returns a key pair from the environment or a person."""
    given: dict[str, str] = field(default_factory=dict)
    _client: Any = None

    def client(self) -> Any:
        """Return an S3 client that the store accepts; UsageError if it refuses the key pair that was given."""
        if self._client is not None:
            return self._client
        members = Secrets(self.account).read(self.secret.name)
        if members is not None and is_key_pair(members):
            client = self.open_storage(members)
            if not self._fault(client):
                self._client = client
                return client
        if members is not None:
            self.secret.require_own()
        given = dict(zip(KEY_MEMBERS, self.ask(), strict=True))
        client = self.open_storage(given)
        if fault := self._fault(client):
            raise UsageError(f"{self.settings.endpoint} does not accept the key pair: {fault}")
        self.given = given
        self._client = client
        return client

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call an operation of the store, as `Account` calls one of AWS."""
        if service != "s3":
            raise ValueError(f"a store has no {service}")
        return call_operation(self.client(), operation, **request)

    def _fault(self, client: Any) -> str:
        """Why the store refuses the key pair; empty if it knows it, also while the bucket is missing."""
        try:
            return key_fault(client, self.settings.private_bucket)
        except NotFound:
            return ""


@dataclass(frozen=True, slots=True)
class StoreBuckets:
    """Both buckets exist."""

    access: StoreAccess
    name: str = "buckets"

    def look(self) -> Sequence[PlannedChange]:
        """List buckets that are missing."""
        place = self.access.settings.endpoint
        return [
            PlannedChange("bucket", Action.ADD, f"private bucket {bucket} ({place})")
            for bucket in self.access.settings.buckets
            if not self._exists(bucket)
        ]

    def act(self) -> None:
        """Create what is missing; UsageError if the store lets nobody create a bucket through S3's API."""
        for bucket in self.access.settings.buckets:
            if self._exists(bucket):
                continue
            try:
                self.access.call("s3", "create_bucket", Bucket=bucket)
            except Unavailable:
                raise
            except CommandError as refused:
                if aws_code(refused) != "BucketAlreadyOwnedByYou":  # by a run whose answer was lost
                    raise UsageError(
                        f"The store does not create the bucket {bucket} ({aws_code(refused)}). {BUCKET_ADVICE}"
                    ) from refused

    def _exists(self, bucket: str) -> bool:
        try:
            self.access.call("s3", "list_objects_v2", Bucket=bucket, MaxKeys=1)
        except NotFound:
            return False
        return True


@dataclass(slots=True)
class OptionalRules:
    """Rules of a bucket that the store may refuse to keep; then `note` says what has to be done by hand."""

    rules: DeploymentStep
    note: Callable[[str], None]
    advice: str
    refused: set[str]
    """The rules that the store has refused in this run."""
    place: str
    """The rules in words."""

    @property
    def name(self) -> str:
        """The part in words."""
        return self.rules.name

    def look(self) -> Sequence[PlannedChange]:
        """Compare the rules; nothing if the store has no such rules."""
        if self.place in self.refused:
            return []
        changes: Sequence[PlannedChange] | None = self._unless_refused(self.rules.look)
        return changes or []

    def act(self) -> None:
        """Write the rules."""
        self._unless_refused(self.rules.act)

    def _unless_refused(self, attempt: Callable[[], Any]) -> Any:
        try:
            return attempt()
        except Unavailable as failed:
            if aws_code(failed) != "NotImplemented":  # some answer 501
                raise
            refused: CommandError = failed
        except CommandError as failed:
            refused = failed
        self.refused.add(self.place)
        code = aws_code(refused) or refused.message
        self.note(f"The store refuses {self.place} through S3's API ({code}). {self.advice}")
        return None


@dataclass(frozen=True, slots=True)
class StoreKey:
    """The secret holds a key pair that works, of a store that never replaces an object."""

    access: StoreAccess
    report: Callable[[CheckResult], None]
    name: str = "key pair"

    def look(self) -> Sequence[PlannedChange]:
        """Check whether the secret holds a key pair that works."""
        self.access.client()
        if not self.access.given:
            return []
        text = f"your key pair of {self.access.settings.endpoint} → secret {self.access.secret.name}"
        return [PlannedChange(self.name, Action.ADD, text)]

    def act(self) -> None:
        """Try what the store can do, and then write the secret; UsageError for a store that loses images."""
        settings = self.access.settings
        findings = CheckResults(self.report)
        StoreTrial(findings, self.access.client(), bucket=settings.private_bucket, kind=settings.kind).run()
        wrong = [each for each in findings.all if each.status is Status.WRONG]
        if wrong:
            raise UsageError(f"{wrong[0].name}: {wrong[0].detail} {wrong[0].mend}")
        Secrets(self.access.account).write(self.access.secret.name, self.access.given)
        self.access.given = {}
