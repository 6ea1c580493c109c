"""The stack in CloudFormation: one change set describes an update before it happens, and is then executed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation, stack_resources
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.display.texts import plain
from image_store_cli.errors import CommandError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
ABSENT = {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
"""Without resources: a stack whose first change set was never executed, or a deleted one."""
READY = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
FAILED_FIRST = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}
"""A first deployment that failed: CloudFormation only lets it be deleted."""
SUCCEEDED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
NOT_EXECUTED = {"UNAVAILABLE", "AVAILABLE", "EXECUTE_IN_PROGRESS"}
PRECIOUS = {
    "Table": "all metadata is in it",
    "SecretsKey": "without it nothing that it encrypted can be read",
    "AuditLogs": "it is the audit trail",
    "IngestBucket": "objects wait in it",
    "SigningSecret": "all links and shares would stop working",
}
"""Resources that an update must never replace or remove."""
UNCHANGED = ("The submitted information didn't contain changes", "No updates are to be performed")
"""How CloudFormation says that there is nothing to do; this answer has no code of its own."""
POLL_SECONDS = 2.0
CHANGE_SET_SECONDS = 300
STACK_SECONDS = 3600
SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What an update would do."""

    arn: str
    stack_id: str
    changes: tuple[PlannedChange, ...]


@dataclass(slots=True)
class Formation:
    """CloudFormation's view of one stack."""

    client: Any
    stack: str
    sleep: Callable[[float], None]
    note: Callable[[str], None] = field(default=lambda _: None)

    def describe(self, name: str | None = None) -> dict[str, Any] | None:
        """Return the stack by its name or its ARN; None if there is none with resources."""
        try:
            described: dict[str, Any] = self._call("describe_stacks", StackName=name or self.stack)["Stacks"][
                0
            ]
        except NotFound:
            return None
        return None if described["StackStatus"] in ABSENT else described

    def settle(self) -> dict[str, Any] | None:
        """Wait for an operation that an earlier run began, and return the stack."""
        described = self.describe()
        if described is not None and described["StackStatus"].endswith("_IN_PROGRESS"):
            self.note(f"The stack {self.stack} is {described['StackStatus']}: waiting for it.")
            described = self.follow(described["StackId"])
            if described["StackStatus"] in ABSENT:
                return None
        return described

    def failed_first(self, described: Mapping[str, Any] | None) -> bool:
        """Whether the first deployment of the stack failed; UsageError for a state that needs a person."""
        status = "" if described is None else str(described["StackStatus"])
        if not status or status in READY:
            return False
        if status in FAILED_FIRST:
            return True
        advice = {
            "UPDATE_ROLLBACK_FAILED": "Run `aws cloudformation continue-update-rollback` for it",
            "DELETE_FAILED": "Run `image-store destroy` again, or see why in CloudFormation's console",
        }.get(status, "See CloudFormation's console")
        raise UsageError(f"The stack {self.stack} is {status}. {advice}, then run this again.")

    def delete(self) -> None:
        """Delete the stack and wait until it is gone; CommandError with CloudFormation's reasons otherwise."""
        described = self.describe()
        if described is None:
            return
        self._call("delete_stack", StackName=described["StackId"])
        ended = self.follow(described["StackId"])
        if ended["StackStatus"] != "DELETE_COMPLETE":
            raise CommandError(f"The stack was not deleted: {self.reasons(described['StackId'])}")

    def plan(self, template_url: str, parameters: Mapping[str, str], *, is_new: bool) -> ChangeSet | None:
        """Create a change set and describe it; None if nothing would change."""
        options = (
            {"OnStackFailure": "DELETE"} if is_new else {}
        )  # a failed first stack can only be deleted anyway
        created = self._call(
            "create_change_set",
            StackName=self.stack,
            ChangeSetName=f"image-store-{secrets.token_hex(6)}",
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=template_url,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(parameters.items())
            ],
            Capabilities=CAPABILITIES,
            **options,
        )
        arn = created["Id"]
        described = self._described_set(arn)
        if described["Status"] == "FAILED":
            reason = str(described.get("StatusReason", ""))
            self.drop(arn)
            if any(text in reason for text in UNCHANGED):
                return None
            raise CommandError(f"CloudFormation refused the deployment: {plain(reason)}")
        return ChangeSet(arn, created["StackId"], tuple(filter(None, map(_change_of, described["Changes"]))))

    def drop(self, arn: str) -> None:
        """Delete a change set that is not executed."""
        self._call("delete_change_set", ChangeSetName=arn, StackName=self.stack)

    def execute(self, change_set: ChangeSet) -> dict[str, Any]:
        """Execute a change set and wait; return the stack, CommandError with the reasons if it failed."""
        token = f"image-store-{change_set.arn.rpartition('/')[2][:36]}"
        self._call(
            "execute_change_set", ChangeSetName=change_set.arn, StackName=self.stack, ClientRequestToken=token
        )
        self._wait_for_execution(change_set.arn)
        ended = self.follow(change_set.stack_id)
        if ended["StackStatus"] not in SUCCEEDED:
            raise CommandError(
                f"The deployment failed ({ended['StackStatus']}), and CloudFormation undid it: "
                f"{self.reasons(change_set.stack_id)} Repair the cause and run this again."
            )
        return ended

    def follow(self, stack_id: str) -> dict[str, Any]:
        """Wait until no operation runs, and return the stack; CommandError after an hour."""
        waited = 0.0
        while True:
            described: dict[str, Any] = self._call("describe_stacks", StackName=stack_id)["Stacks"][0]
            status = described["StackStatus"]
            if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return described
            if waited >= STACK_SECONDS:
                raise CommandError(f"The stack is still {status} after an hour: run this again later.")
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def reasons(self, stack_id: str) -> str:
        """Return CloudFormation's reasons of the last failures, in order of time."""
        events = self._call("describe_stack_events", StackName=stack_id)["StackEvents"]
        failures = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
        ]
        return plain("; ".join(failures)) or "CloudFormation gives no reason."

    def resources(self, stack_id: str) -> dict[str, str]:
        """Return the physical names of the stack's resources; of a deleted stack, those that it left."""
        return stack_resources(self.client, stack_id)

    def last_deleted(self) -> str | None:
        """Return the id of the last stack of this name that was deleted; CloudFormation forgets it after 90 days."""
        page: dict[str, Any] = {}
        while True:
            marks = {"NextToken": page["NextToken"]} if page else {}
            page = self._call("list_stacks", StackStatusFilter=["DELETE_COMPLETE"], **marks)
            for summary in page["StackSummaries"]:  # the newest is first
                if summary["StackName"] == self.stack:
                    return str(summary["StackId"])
            if not page.get("NextToken"):
                return None

    def others_with(self, value: str) -> list[str]:
        """Return the names of the other stacks in the region that have a parameter with this value."""
        names, page = [], dict[str, Any]()
        while True:
            page = self._call("describe_stacks", **({"NextToken": page["NextToken"]} if page else {}))
            names += [
                str(stack["StackName"])
                for stack in page["Stacks"]
                if stack["StackName"] != self.stack
                and any(each.get("ParameterValue") == value for each in stack.get("Parameters", ()))
            ]
            if not page.get("NextToken"):
                return sorted(names)

    def _wait_for_execution(self, arn: str) -> None:
        """Wait until a change set was executed: the status of its stack alone may still be the one before."""
        waited = 0.0
        while waited < STACK_SECONDS:
            try:
                status = self._call("describe_change_set", ChangeSetName=arn)["ExecutionStatus"]
            except NotFound:  # it went with a first stack that failed
                return
            if status not in NOT_EXECUTED:
                return
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _described_set(self, arn: str) -> dict[str, Any]:
        """Return a change set with the changes of all pages, as soon as CloudFormation has made it."""
        waited = 0.0
        while True:
            described: dict[str, Any] = self._call(
                "describe_change_set", ChangeSetName=arn, StackName=self.stack
            )
            if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
            if waited >= CHANGE_SET_SECONDS:
                raise CommandError(
                    "CloudFormation did not describe the change in five minutes: run this again."
                )
            self.sleep(POLL_SECONDS / 2)
            waited += POLL_SECONDS / 2
        changes, page = list(described.get("Changes", ())), described
        while following := page.get("NextToken"):
            page = self._call(
                "describe_change_set", ChangeSetName=arn, StackName=self.stack, NextToken=following
            )
            changes += page.get("Changes", ())
        return {**described, "Changes": changes}

    def _call(self, operation: str, **request: Any) -> Any:
        return call_operation(self.client, operation, **request)


def _change_of(entry: Mapping[str, Any]) -> PlannedChange | None:
    """One resource's change; None for an entry that is not about a resource."""
    change = entry.get("ResourceChange")
    if not change:
        return None
    name, kind = change["LogicalResourceId"], change["ResourceType"]
    if change["Action"] == "Add":
        return PlannedChange(name, Action.ADD, kind)
    if change["Action"] == "Remove":
        is_left = str(change.get("PolicyAction", "")) == "Retain"
        return PlannedChange(
            name, Action.REMOVE, f"{kind} leaves the stack and stays" if is_left else f"{kind} is REMOVED"
        )
    if change.get("Replacement") == "True":
        return PlannedChange(name, Action.REPLACE, f"{kind} is REPLACED by a new one")
    if change.get("Replacement") == "Conditional":
        return PlannedChange(name, Action.REPLACE, f"{kind} may be REPLACED by a new one")
    return PlannedChange(name, Action.CHANGE, kind)


def refuse_losses(changes: Sequence[PlannedChange], *, gone: Collection[str] = ()) -> None:
    """Raise UsageError if an update would lose data; the resources in `gone` do not exist any more."""
    for change in changes:
        if change.is_loss and change.part in PRECIOUS and change.part not in gone:
            raise UsageError(
                f"This update would replace or remove {change.part}, and {PRECIOUS[change.part]}. It is refused; "
                "docs/operations.md, `Updating`, explains what to do."
            )


def changed_parameters(
    described: Mapping[str, Any] | None, values: Mapping[str, str]
) -> Sequence[PlannedChange]:
    """Compare the parameters of the deployed stack with those of the file."""
    if described is None:
        return []
    before = {
        each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", ())
    }
    changes = []
    for name, value in sorted(values.items()):
        if before.get(name, "") != value:
            old, new = (text[:SHOWN_CHARS] or "empty" for text in (before.get(name, ""), value))
            changes.append(PlannedChange(f"parameter {name}", Action.CHANGE, f"{old} → {new}"))
    return changes
